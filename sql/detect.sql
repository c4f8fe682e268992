{#- Finds what is superseded, per date, and what stands on no date: a row whose partition column is
    NULL. Changes nothing. -#}
{%- from "_survivors.sql" import counts -%}
{{ counts(rule, window, true) }}
