UPDATE "a.b" SET active = FALSE
WHERE d = '@day' AND active AND COALESCE(created_at < '@cutoff', TRUE)
  AND id IN (
    SELECT row_id
    FROM (
      SELECT id AS row_id,
        ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS rank,
        COUNT(*) OVER (PARTITION BY d, id) AS copies
      FROM "a.b"
      WHERE d = '@day' AND active
    ) AS ranked
    WHERE rank > 1 AND copies = 1
  )
  AND json_quote(id) IN (
    SELECT row_id FROM "onerow.removals"
    WHERE run_id = '@run' AND run_started_at = 0 AND rule = 'p' AND date = '@day'
  );
