{#- The lowest and the highest number of an INT64 partition column, to see whether they are the dates that
    the rule takes them for. Asked where no row was found. Changes nothing. -#}
{%- from "_survivors.sql" import rows -%}
SELECT
  MIN({{ rule.partition }}) AS lowest,
  MAX({{ rule.partition }}) AS highest
FROM {{ rows(rule) }}
WHERE {{ rule.partition }} IS NOT NULL
