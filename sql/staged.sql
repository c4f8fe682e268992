{#- Counts, per date, the rows in the staging tables: staged rows, active rows of the table, rows to insert, to
    update and to delete, rows of those that DML cannot touch yet, and staged rows that are left out. Changes
    nothing. -#}
{%- from "_staging.sql" import arriving, left_out -%}
SELECT
  date,
  COUNTIF(onerow_staged) AS staged,
  COUNTIF(NOT onerow_staged) AS active,
  COUNTIF(inserts) AS inserts,
  COUNTIF(updates AND onerow_buffered = 0) AS updates,
  COUNTIF(deletes AND onerow_buffered = 0) AS deletes,
  COUNTIF((updates OR deletes) AND onerow_buffered > 0) AS buffered,
  COUNTIF(onerow_staged IS NULL) AS left_out
FROM (
  SELECT
    {{ rule.period }} AS date,
    onerow_staged,
    onerow_buffered,
    {%- if staging.deleted %}
    onerow_staged AND onerow_rank = 1 AND onerow_there = 0 AND NOT onerow_deletes AS inserts,
    NOT onerow_staged AND onerow_arrives AND NOT onerow_departs AND onerow_values != onerow_arriving AS updates,
    NOT onerow_staged AND onerow_departs AS deletes
    {%- else %}
    onerow_staged AND onerow_rank = 1 AND onerow_there = 0 AS inserts,
    NOT onerow_staged AND onerow_arrives AND onerow_values != onerow_arriving AS updates,
    FALSE AS deletes
    {%- endif %}
  FROM (
    {{ arriving(rule, window, staging) | indent(4) }}
  )
  {%- if staging.leaves_out %}
  {%- for table in staging.rows %}
  UNION ALL
  SELECT
    {{ rule.period }} AS date,
    CAST(NULL AS BOOL) AS onerow_staged,
    0 AS onerow_buffered,
    FALSE AS inserts,
    FALSE AS updates,
    FALSE AS deletes
  FROM {{ table }}
  WHERE {{ window.filter }}
    AND {{ left_out(rule, staging) }}
  {%- endfor %}
  {%- endif %}
)
GROUP BY date
ORDER BY date
