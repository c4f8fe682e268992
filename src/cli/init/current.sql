{#- An override: this file stands in for the shipped `current`, for the rule `events` alone;
    as sql/current.sql it would for all rules. It names the columns that readers may rely on. -#}
{%- from "_survivors.sql" import rank -%}
SELECT
  {{ rule.key | commas }},
  {{ rule.partition }}
FROM (
  SELECT
    *,
    {{ rank(rule) | indent(4) }} AS onerow_rank
  FROM {{ rule.table }}
  WHERE {{ rule.active }}
)
WHERE onerow_rank = 1
