SELECT date,
  COUNT(CASE WHEN onerow_staged THEN 1 END) AS staged,
  COUNT(CASE WHEN NOT onerow_staged THEN 1 END) AS active,
  COUNT(CASE WHEN inserts THEN 1 END) AS inserts,
  COUNT(CASE WHEN updates AND onerow_buffered = 0 THEN 1 END) AS updates,
  COUNT(CASE WHEN updates AND onerow_buffered > 0 THEN 1 END) AS buffered
FROM (
  SELECT d AS date, onerow_staged, onerow_buffered,
    onerow_staged AND onerow_rank = 1 AND onerow_there = 0 AS inserts,
    NOT onerow_staged AND onerow_arrives AND onerow_values <> onerow_arriving AS updates
  FROM (
    SELECT *,
      ROW_NUMBER() OVER (
        PARTITION BY d, game, player
        ORDER BY created_at DESC, id DESC, onerow_staged
      ) AS onerow_rank,
      FIRST_VALUE(onerow_staged) OVER onerow_first AS onerow_arrives,
      FIRST_VALUE(onerow_values) OVER onerow_first AS onerow_arriving,
      COUNT(CASE WHEN onerow_staged THEN NULL ELSE 1 END) OVER onerow_key AS onerow_there,
      COUNT(CASE WHEN onerow_settled THEN NULL ELSE 1 END) OVER onerow_key AS onerow_buffered
    FROM (
      SELECT id, d, game, player, score, active, created_at, json_object('score', score) AS onerow_values,
        COALESCE(created_at < '@cutoff', TRUE) AS onerow_settled, FALSE AS onerow_staged
      FROM "a.b"
      WHERE @dates AND active
      UNION ALL
      SELECT id, d, game, player, score, active, created_at, json_object('score', score) AS onerow_values,
        TRUE AS onerow_settled, TRUE AS onerow_staged
      FROM "a.staged"
      WHERE @dates AND active
    ) AS onerow_row
    WINDOW
      onerow_first AS (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC, onerow_staged),
      onerow_key AS (PARTITION BY d, game, player)
  ) AS arriving
) AS counted
GROUP BY date ORDER BY date;
