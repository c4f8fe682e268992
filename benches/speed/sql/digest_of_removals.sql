SELECT COUNT(*), SUM(rank), MIN(row_id), MAX(row_id), MAX(survivor_row_id) FROM "onerow.removals";
