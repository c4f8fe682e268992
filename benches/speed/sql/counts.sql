SELECT date, COUNT(*) AS total,
  COUNT(CASE WHEN active THEN 1 END) AS active,
  COUNT(CASE WHEN active AND rank = 1 THEN 1 END) AS keys,
  COUNT(CASE WHEN active AND rank > 1 THEN 1 END) AS duplicates,
  COUNT(CASE WHEN active AND rank > 1 AND NOT settled THEN 1 END) AS buffered,
  COUNT(CASE WHEN active AND (row_id IS NULL OR copies > 1) THEN 1 END) AS shared_ids,
  COUNT(CASE WHEN active AND settled THEN 1 END) AS settled,
  COUNT(CASE WHEN NOT active AND rank = 1 THEN 1 END) AS keyless,
  COUNT(CASE WHEN unflagged THEN 1 END) AS unflagged
FROM (
  SELECT d AS date, id AS row_id, COALESCE(active, FALSE) AS active, active IS NULL AS unflagged,
    ROW_NUMBER() OVER (
      PARTITION BY d, game, player
      ORDER BY COALESCE(active, FALSE) DESC, created_at DESC, id DESC
    ) AS rank,
    COUNT(*) OVER (PARTITION BY d, id, COALESCE(active, FALSE)) AS copies,
    COALESCE(created_at < '@cutoff', TRUE) AS settled
  FROM "a.b"
  WHERE @dates
) AS ranked
GROUP BY date ORDER BY date;
