{#- The rows of each staging table, by date. Changes nothing. -#}
{%- for table in staging.tables %}
{%- if not loop.first %}
UNION ALL
{% endif -%}
SELECT
  {{ staging.names[loop.index0] }} AS staging_table,
  {{ rule.date }} AS date,
  COUNT(*) AS staged
FROM {{ table }}
GROUP BY {{ rule.date }}
{%- endfor %}
