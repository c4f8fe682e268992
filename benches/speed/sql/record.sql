INSERT INTO "onerow.removals"
SELECT '@run', 0, 'onerow_@run_@day', 'p', 'a.b', 'deactivate', '@day',
  row_id, survivor_row_id, rank, keep_values, survivor_keep_values, NULL, NULL, NULL
FROM (
  SELECT json_quote(id) AS row_id,
    FIRST_VALUE(json_quote(id)) OVER onerow_key AS survivor_row_id,
    ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS rank,
    json_object('keep_1', created_at, 'keep_2', id) AS keep_values,
    FIRST_VALUE(json_object('keep_1', created_at, 'keep_2', id)) OVER onerow_key AS survivor_keep_values,
    COUNT(*) OVER (PARTITION BY d, id) AS copies,
    COALESCE(created_at < '@cutoff', TRUE) AS settled
  FROM "a.b"
  WHERE d = '@day' AND active
  WINDOW onerow_key AS (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC)
) AS ranked
WHERE rank > 1 AND settled AND copies = 1 AND row_id <> 'null';
