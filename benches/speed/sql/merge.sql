MERGE INTO "a.b" AS onerow_main
USING (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS onerow_rank
    FROM "a.staged"
    WHERE @dates AND active
  ) AS ranked
  WHERE onerow_rank = 1
) AS onerow_staged
ON onerow_main.d = onerow_staged.d AND onerow_main.active
  AND onerow_main.game IS NOT DISTINCT FROM onerow_staged.game
  AND onerow_main.player IS NOT DISTINCT FROM onerow_staged.player
WHEN MATCHED AND onerow_staged.created_at > onerow_main.created_at
  AND onerow_main.score IS DISTINCT FROM onerow_staged.score
  THEN UPDATE SET score = onerow_staged.score
WHEN NOT MATCHED
  THEN INSERT (id, d, game, player, score, active, created_at)
  VALUES (id, d, game, player, score, active, created_at);
