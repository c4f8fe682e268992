{#- Writes the settled duplicates of one date into the removal log, each with its survivor, before
    anything changes. No project overrides this text. -#}
{%- from "_removals.sql" import entries_of, keep_values -%}
{%- from "_survivors.sql" import rank, ranking, rows, settled -%}
{{ entries_of(rule, window, removals, rule.strategy) }},
  row_id,
  survivor_row_id,
  rank,
  keep_values,
  survivor_keep_values,
  removed_row
FROM (
  SELECT
    TO_JSON_STRING({{ rule.row_id }}) AS row_id,
    FIRST_VALUE(TO_JSON_STRING({{ rule.row_id }})) OVER onerow_key AS survivor_row_id,
    {{ rank(rule) | indent(4) }} AS rank,
    {{ keep_values(rule) }} AS keep_values,
    FIRST_VALUE({{ keep_values(rule) }}) OVER onerow_key AS survivor_keep_values,
    {% if rule.keep_rows %}{{ rule.row }}{% else %}CAST(NULL AS STRING){% endif %} AS removed_row,
    COUNT(*) OVER (PARTITION BY {{ rule.date }}, {{ rule.row_id }}) AS copies,
    {{ settled(rule) }} AS settled
  FROM {{ rows(rule, rule.keep_rows or rule.strategy == "rewrite") }}
  WHERE {{ window.filter }}
  {%- if rule.active %}
    AND {{ rule.active }}
  {%- endif %}
  WINDOW onerow_key AS ({{ ranking(rule) | indent(2) }}
  )
)
WHERE rank > 1
  AND settled
{%- if rule.strategy != "rewrite" %}
  AND copies = 1
  AND row_id != 'null'
{%- endif %}
