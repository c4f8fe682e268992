{#- Keeps the rows that `undo` brings back; one transaction with it. -#}
{%- from "_audit.sql" import deactivated, keep, not_yet_undone, of_undone, standing_ids -%}
{{ keep(rule, window, audit, "undo") }}
{%- if rule.strategy == "deactivate" %}
FROM (
  {{ deactivated(rule, window, audit) | indent(2) }}
)
{%- else %}
FROM {{ audit }}
WHERE {{ of_undone(rule, window) }}
{%- if rule.strategy == "delete" %}
  AND row_id NOT IN (
    {{ standing_ids(rule, window) | indent(4) }}
  )
{%- else %}
  AND {{ not_yet_undone(rule, window, audit) | indent(2) }}
{%- endif %}
{%- endif %}
