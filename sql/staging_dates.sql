{#- The rows of each staging table, by date, and how many of those are
    not merged. Changes nothing. -#}
{%- from "_staging.sql" import left_out -%}
{%- for table in staging.rows %}
{%- if not loop.first %}
UNION ALL
{% endif -%}
SELECT
  {{ staging.names[loop.index0] }} AS staging_table,
  onerow_date AS date,
  COUNT(*) AS staged,
  {% if staging.leaves_out %}COUNTIF(onerow_left_out){% else %}0{% endif %} AS left_out
FROM (
  SELECT
    {{ rule.period }} AS onerow_date
    {%- if staging.leaves_out %},
    {{ left_out(rule, staging) }} AS onerow_left_out
    {%- endif %}
  FROM {{ table }}
)
GROUP BY onerow_date
{%- endfor %}
