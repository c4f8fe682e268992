INSERT INTO "a.b"
SELECT id, d, game, player, score, active, created_at FROM "a.staged"
WHERE @dates AND active
ON CONFLICT (d, game, player) WHERE active DO UPDATE SET score = excluded.score
WHERE excluded.created_at > created_at AND score IS NOT excluded.score;
