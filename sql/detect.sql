{#- Finds what is superseded, per date. Changes nothing. -#}
{%- from "_survivors.sql" import counts -%}
{{ counts(rule, window) }}
