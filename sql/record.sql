{#- Writes the settled duplicates of the dates into the removal log, each with its survivor, before anything changes.
    Projects cannot override this text. -#}
{%- from "_merged.sql" import after, window_of_rows -%}
{%- from "_removals.sql" import entries_of, keep_values -%}
{%- from "_survivors.sql" import copies, inside, period, rank, ranking, ready, row, row_id_json, source -%}
{{ entries_of(rule, window, removals, rule.strategy, merges=rule.merged) }},
  row_id,
  survivor_row_id,
  rank,
  keep_values,
  survivor_keep_values,
  removed_row
  {%- if rule.merged %},
  survivor_before,
  survivor_after
  {%- endif %}
FROM (
  SELECT
    {%- if not window.is_one %}
    {% if rule.across %}{{ rule.near_as_date }}{% else %}{{ rule.period_as_date }}{% endif %} AS date,
    {%- endif %}
    {{ row_id_json(rule) }} AS row_id,
    FIRST_VALUE({{ row_id_json(rule) }}) OVER onerow_key AS survivor_row_id,
    {{ rank(rule) | indent(4) }} AS rank,
    {{ keep_values(rule) }} AS keep_values,
    FIRST_VALUE({{ keep_values(rule) }}) OVER onerow_key AS survivor_keep_values,
    {% if rule.keep_rows %}{{ row(rule) }}{% else %}CAST(NULL AS STRING){% endif %} AS removed_row,
    {%- if rule.merged %}
    FIRST_VALUE({{ row(rule) }}) OVER onerow_key AS survivor_before,
    {{ after(rule) | indent(4) }} AS survivor_after,
    {%- endif %}
    {{ copies(rule, period(rule)) }} AS copies,
    {{ ready(rule) }} AS settled
    {%- if rule.across %},
    onerow_inside
    {%- endif %}
  {{ source(rule, window, named=rule.keep_rows) | indent(2) }}
  WINDOW onerow_key AS ({{ ranking(rule) | indent(2) }}
  )
  {%- if rule.merged %},
  {{ window_of_rows(rule) | indent(2) }}
  {%- endif %}
)
WHERE rank > 1
  AND settled
{{- inside(rule) }}
{%- if rule.strategy != "rewrite" %}
  AND copies = 1
  AND row_id != 'null'
{%- endif %}
