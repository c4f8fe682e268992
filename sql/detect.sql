{#- Counts duplicates, per date, and rows without a date, whose partition column
    is NULL. Changes nothing. -#}
{%- from "_survivors.sql" import counts -%}
{{ counts(rule, window, true) }}
