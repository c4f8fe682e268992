{#- Counts the changed dates again, like detect. Changes nothing. -#}
{%- from "_survivors.sql" import counts -%}
{{ counts(rule, window) }}
