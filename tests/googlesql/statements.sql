-- Statements as dedup templates use them. One a block, blocks are separated by an empty line.

SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id, player ORDER BY created_at DESC, id DESC) AS place FROM nba.predictions WHERE game_date = DATE '2026-01-28'

SELECT id FROM nba.predictions WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at DESC) = 1

SELECT * EXCEPT (place) FROM (SELECT *, RANK() OVER w AS place FROM nba.predictions WINDOW w AS (PARTITION BY game_id ORDER BY created_at DESC)) WHERE place = 1

SELECT * REPLACE (LOWER(player) AS player) FROM nba.predictions

SELECT * EXCEPT (a, b) REPLACE (c + 1 AS c) FROM nba.predictions

SELECT id, x FROM nba.predictions, UNNEST(tags) AS x WITH OFFSET AS i WHERE i = 0

SELECT id, x FROM nba.predictions CROSS JOIN UNNEST(tags) AS x

SELECT id FROM nba.predictions WHERE player IN UNNEST(@players)

SELECT id FROM nba.predictions WHERE id IN UNNEST(['a', 'b'])

SELECT STRUCT(game_id AS g, player AS p) AS k, COUNT(*) AS n FROM nba.predictions GROUP BY 1

SELECT STRUCT<g STRING, n INT64>(game_id, 1) AS k FROM nba.predictions

SELECT game_id, ARRAY_AGG(id ORDER BY created_at DESC LIMIT 1)[OFFSET(0)] AS survivor FROM nba.predictions GROUP BY game_id

SELECT game_id, ARRAY_AGG(STRUCT(id, created_at) ORDER BY created_at DESC LIMIT 1)[SAFE_OFFSET(0)].id AS survivor FROM nba.predictions GROUP BY game_id

SELECT AS STRUCT id, player FROM nba.predictions

SELECT AS VALUE player FROM nba.predictions

SELECT ARRAY(SELECT id FROM nba.predictions WHERE game_id = 'g' ORDER BY id) AS ids

SELECT SAFE_CAST(points AS NUMERIC) AS points FROM nba.predictions

SELECT CAST(created_at AS STRING FORMAT 'YYYY-MM-DD') AS day FROM nba.predictions

SELECT id FROM nba.predictions FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)

SELECT id FROM `my-project.nba.predictions` WHERE game_date = @date

SELECT id FROM `my-project`.nba.predictions

SELECT id FROM my-project.nba.predictions

SELECT id FROM nba.predictions AS t WHERE t.created_at < @cutoff AND NOT EXISTS (SELECT 1 FROM nba.predictions AS s WHERE s.game_id = t.game_id AND s.created_at > t.created_at)

SELECT a.id FROM nba.predictions AS a JOIN nba.predictions AS b ON a.player IS NOT DISTINCT FROM b.player

SELECT game_date, COUNTIF(is_active) AS active, COUNT(DISTINCT player) AS players, LOGICAL_OR(is_active) AS any_active FROM nba.predictions GROUP BY game_date HAVING COUNT(*) > 1

SELECT IF(is_active, 'a', 'b') AS x, IFNULL(player, '') AS y, COALESCE(player, game_id, '?') AS z, NULLIF(player, '') AS n FROM nba.predictions

SELECT CASE WHEN is_active THEN 1 ELSE 0 END AS n, CASE player WHEN 'x' THEN 1 END AS m FROM nba.predictions

SELECT DATE_TRUNC(game_date, WEEK(MONDAY)) AS week, EXTRACT(ISOWEEK FROM game_date) AS iso, DATE_DIFF(game_date, DATE '2026-01-01', DAY) AS days FROM nba.predictions

SELECT FORMAT_DATE('%F', game_date) AS f, PARSE_DATE('%Y%m%d', '20260128') AS p, DATE(created_at, 'America/New_York') AS d FROM nba.predictions

SELECT TO_JSON_STRING(t) AS row_text, FARM_FINGERPRINT(CONCAT(game_id, '|', player)) AS fingerprint FROM nba.predictions AS t

SELECT r'\d+' AS raw, b'bytes' AS bytes, """a 'b' "c" """ AS triple, 'it\'s' AS quoted, 1e3 AS float_value, NUMERIC '1.5' AS n, JSON '{"a": 1}' AS j

SELECT 0xFF AS hex

SELECT REGEXP_CONTAINS(player, r'^[a-z]+$') AS ok, SPLIT(player, ' ')[SAFE_ORDINAL(1)] AS first_name FROM nba.predictions

WITH ranked AS (SELECT id, ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY id) AS place FROM nba.predictions), kept AS (SELECT id FROM ranked WHERE place = 1) SELECT id FROM kept ORDER BY id LIMIT 10 OFFSET 5

SELECT id FROM nba.predictions UNION ALL SELECT id FROM nba.archive

SELECT id FROM nba.predictions EXCEPT DISTINCT SELECT id FROM nba.archive

SELECT id FROM nba.predictions INTERSECT DISTINCT SELECT id FROM nba.archive

SELECT game_id, STRING_AGG(player, ',' ORDER BY player) AS players, APPROX_COUNT_DISTINCT(id) AS n FROM nba.predictions GROUP BY ALL

SELECT game_date, player, COUNT(*) AS n FROM nba.predictions GROUP BY ROLLUP (game_date, player)

SELECT LAST_VALUE(id IGNORE NULLS) OVER (PARTITION BY game_id ORDER BY created_at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS survivor FROM nba.predictions

SELECT id FROM nba.predictions ORDER BY created_at DESC NULLS LAST, id

SELECT id FROM nba.predictions TABLESAMPLE SYSTEM (10 PERCENT)

SELECT p.* FROM nba.predictions AS p LEFT JOIN nba.games AS g USING (game_id)

SELECT id FROM nba.predictions WHERE player LIKE 'a%' AND points BETWEEN 1 AND 5 AND (team, player) IN (SELECT (team, player) FROM nba.bad)

SELECT id FROM nba.predictions WHERE _PARTITIONTIME = TIMESTAMP '2026-01-28'

SELECT * FROM nba.predictions PIVOT (COUNT(id) FOR team IN ('a', 'b'))

SELECT * FROM nba.predictions UNPIVOT (points FOR half IN (first_half, second_half))

SELECT player FROM nba.predictions WHERE player LIKE ANY ('a%', 'b%')

SELECT ANY_VALUE(id HAVING MAX created_at) AS survivor FROM nba.predictions GROUP BY game_id

SELECT id FROM nba.`predictions_*` WHERE _TABLE_SUFFIX = '20260128'

SELECT @@time_zone AS zone

FROM nba.predictions |> WHERE is_active |> AGGREGATE COUNT(*) AS n GROUP BY game_date

FROM nba.predictions |> EXTEND points + 1 AS more |> DROP team |> LIMIT 5

UPDATE nba.predictions SET is_active = FALSE, updated_at = CURRENT_TIMESTAMP() WHERE game_date = DATE '2026-01-28' AND id IN (SELECT id FROM nba.predictions WHERE game_date = DATE '2026-01-28' QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at DESC) > 1)

UPDATE nba.predictions AS t SET t.is_active = FALSE WHERE t.game_date = DATE '2026-01-28' AND EXISTS (SELECT 1 FROM nba.predictions AS s WHERE s.id > t.id)

UPDATE nba.predictions AS t SET is_active = FALSE FROM (SELECT id FROM nba.bad) AS b WHERE t.id = b.id AND t.game_date = @date

DELETE FROM nba.predictions WHERE game_date = DATE '2026-01-28' AND id IN (SELECT id FROM nba.bad)

DELETE nba.predictions WHERE game_date = DATE '2026-01-28'

DELETE FROM nba.predictions AS t WHERE STRUCT(t.game_id, t.player) IN (SELECT STRUCT(game_id, player) FROM nba.bad)

INSERT INTO nba.archive (id, player) SELECT id, player FROM nba.predictions WHERE NOT is_active

INSERT nba.archive (id, player) VALUES ('a', 'b'), ('c', DEFAULT)

INSERT INTO nba.archive SELECT * FROM nba.predictions

MERGE nba.predictions AS t USING (SELECT id, player FROM nba.staging) AS s ON t.id = s.id AND t.game_date = DATE '2026-01-28' WHEN MATCHED THEN UPDATE SET player = s.player WHEN NOT MATCHED THEN INSERT (id, player) VALUES (s.id, s.player)

MERGE INTO nba.predictions t USING nba.staging s ON t.id = s.id WHEN NOT MATCHED BY TARGET THEN INSERT ROW WHEN NOT MATCHED BY SOURCE AND t.game_date = DATE '2026-01-28' THEN DELETE

MERGE nba.predictions AS t USING nba.staging AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW WHEN NOT MATCHED BY SOURCE AND game_date = DATE '2026-01-28' THEN DELETE

MERGE nba.predictions AS t USING (SELECT * FROM nba.staging WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY created_at DESC) = 1) AS s ON t.id = s.id WHEN MATCHED AND s.points > t.points THEN UPDATE SET points = s.points, updated_at = CURRENT_TIMESTAMP() WHEN NOT MATCHED THEN INSERT (id, points) VALUES (id, points)

FROM nba.predictions |> SET points = points + 1 |> RENAME points AS p

FROM nba.predictions |> WINDOW ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at DESC) AS place |> WHERE place = 1

SELECT id FROM nba.predictions WHERE player LIKE ANY UNNEST(@patterns)

SELECT ARRAY<STRUCT<a INT64, b STRING>>[(1, 'x'), (2, 'y')] AS pairs

WITH RECURSIVE days AS (SELECT DATE '2026-01-01' AS d UNION ALL SELECT DATE_ADD(d, INTERVAL 1 DAY) FROM days WHERE d < DATE '2026-01-31') SELECT d FROM days

SELECT game_date, player, COUNT(*) AS n FROM nba.predictions GROUP BY GROUPING SETS (game_date, (game_date, player))

SELECT d FROM UNNEST(GENERATE_DATE_ARRAY(DATE '2026-01-01', DATE '2026-01-31')) AS d

SELECT RANGE<DATE> '[2026-01-01, 2026-02-01)' AS january

SELECT WITH(a AS points + 1, a * 2) AS doubled FROM nba.predictions

SELECT ARRAY_FILTER([1, 2, 3], e -> e > 1) AS large

SELECT id FROM nba.predictions WHERE COLLATE(player, 'und:ci') = 'x'

SELECT t.* EXCEPT (id), t.tags[0] AS first_tag FROM nba.predictions AS t

SELECT (SELECT AS STRUCT id, player FROM nba.staging LIMIT 1).id AS one

SELECT id FROM nba.predictions AS p JOIN UNNEST(@pairs) AS pair ON p.id = pair.id AND p.game_date = pair.day

SELECT SUM(points) OVER (PARTITION BY player ORDER BY UNIX_DATE(game_date) RANGE BETWEEN 6 PRECEDING AND CURRENT ROW) AS week FROM nba.predictions
