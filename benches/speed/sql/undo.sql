UPDATE "a.b" SET active = TRUE
WHERE d = '@day' AND NOT active AND COALESCE(created_at < '@cutoff', TRUE)
  AND id IN (
    SELECT found.id
    FROM (
      SELECT id, CAST(json_quote(id) AS TEXT) AS row_id,
        CAST(json_object('keep_1', created_at, 'keep_2', id) AS TEXT) AS keep_values,
        COUNT(*) OVER (PARTITION BY id) AS copies
      FROM "a.b"
      WHERE d = '@day'
    ) AS found
    JOIN "onerow.removals" AS removed
      ON removed.row_id = found.row_id AND removed.keep_values = found.keep_values
    WHERE found.copies = 1 AND removed.run_id = '@run' AND removed.run_started_at = 0
      AND removed.record_id = 'onerow_@run_@day' AND removed.rule = 'p' AND removed.date = '@day'
  );
