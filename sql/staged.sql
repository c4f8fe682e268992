{#- Counts, per date, what waits in the staging tables: staged rows, active rows of the table, rows to
    insert and to update, and rows to update that DML cannot touch yet. Changes nothing. -#}
{%- from "_staging.sql" import arriving -%}
SELECT
  date,
  COUNTIF(onerow_staged) AS staged,
  COUNTIF(NOT onerow_staged) AS active,
  COUNTIF(onerow_staged AND onerow_rank = 1 AND onerow_there = 0) AS inserts,
  COUNTIF(changes AND onerow_buffered = 0) AS updates,
  COUNTIF(changes AND onerow_buffered > 0) AS buffered
FROM (
  SELECT
    {{ rule.date }} AS date,
    onerow_staged,
    onerow_rank,
    onerow_there,
    onerow_buffered,
    NOT onerow_staged AND onerow_arrives AND onerow_values != onerow_arriving AS changes
  FROM (
    {{ arriving(rule, window, staging) | indent(4) }}
  )
)
GROUP BY date
ORDER BY date
