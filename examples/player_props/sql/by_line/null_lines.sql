{#- A step of the project's own: how many active rows of each date have no points line. NULL equals
    NULL in a key, so all of them that share game, player and system count as one. -#}
SELECT
  {{ rule.date }} AS date,
  COUNT(*) AS active_without_line
FROM {{ rule.table }}
WHERE {{ window.filter }}
  AND {{ rule.active }}
  AND current_points_line IS NULL
GROUP BY date
HAVING COUNT(*) >= {{ vars.at_least }}
ORDER BY date
