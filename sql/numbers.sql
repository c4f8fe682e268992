{#- The lowest and the highest number of an INT64 partition column, to check whether they are dates in the rule's format.
    Sent only if no row was found. Changes nothing. -#}
{%- from "_survivors.sql" import rows -%}
SELECT
  MIN({{ rule.partition }}) AS lowest,
  MAX({{ rule.partition }}) AS highest
FROM {{ rows(rule) }}
WHERE {{ rule.partition }} IS NOT NULL
