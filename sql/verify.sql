{#- Counts the touched dates again, in the words of detect. Changes nothing. -#}
{%- from "_survivors.sql" import counts -%}
{{ counts(rule, window) }}
