SELECT COUNT(*), SUM(CASE WHEN active THEN 1 ELSE 0 END), SUM(score), MIN(id), MAX(id) FROM "a.b";
