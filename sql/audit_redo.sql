{#- Keeps the rows that `redo` takes out; one transaction with it. -#}
{%- from "_audit.sql" import keep, standing, superseded_again -%}
{{ keep(rule, window, audit, "redo") }}
FROM (
{%- if rule.strategy == "rewrite" %}
  SELECT
    TO_JSON_STRING({{ rule.row_id }}) AS row_id,
    onerow_state AS state
  FROM (
    {{ standing(rule, window, audit) | indent(4) }}
  )
  WHERE onerow_settled
    AND onerow_place > 1
    AND onerow_nth <= onerow_times
{%- else %}
  {{ superseded_again(rule, window, audit) | indent(2) }}
{%- endif %}
)
