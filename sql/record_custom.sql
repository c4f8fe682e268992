{#- Writes the rows that the UPDATE of a custom step removes from one date into the removal log, each with the remaining
    row of its key, before anything changes. -#}
{%- from "_custom.sql" import day, judged -%}
{%- from "_removals.sql" import entries_of -%}
{{ entries_of(rule, window, removals, custom.step) }},
  {% if rule.row_id_is_json %}row_id{% else %}TO_JSON_STRING(row_id){% endif %},
  IF(others = 0, NULL, survivor_row_id),
  rank,
  keep_values,
  IF(others = 0, NULL, survivor_keep_values),
  CAST(NULL AS STRING)
FROM (
SELECT
  *,
  FIRST_VALUE({% if rule.row_id_is_json %}row_id{% else %}TO_JSON_STRING(row_id){% endif %}) OVER onerow_key AS survivor_row_id,
  FIRST_VALUE(keep_values) OVER onerow_key AS survivor_keep_values
FROM (
{{ judged(rule, window, custom) }}
)
WINDOW onerow_key AS (
  PARTITION BY {{ day(rule) }}{% for key in rule.key %}, key_{{ loop.index }}{% endfor %}
  ORDER BY removes, rank
)
)
WHERE removes
{%- if not custom.may_remove_keys %}
  AND others > 0
{%- endif %}
