{#- The rows of each staging table, by date. Changes nothing. -#}
{%- for table in staging.rows %}
{%- if not loop.first %}
UNION ALL
{% endif -%}
SELECT
  {{ staging.names[loop.index0] }} AS staging_table,
  onerow_date AS date,
  COUNT(*) AS staged
FROM (
  SELECT
    {{ rule.date }} AS onerow_date
  FROM {{ table }}
)
GROUP BY onerow_date
{%- endfor %}
