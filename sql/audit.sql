{#- Keeps the rows that the strategy's step takes out; one transaction with it. -#}
{%- from "_audit.sql" import keep, superseded -%}
{{ keep(rule, window, audit, rule.strategy) }}
FROM (
  {{ superseded(rule, window) | indent(2) }}
)
