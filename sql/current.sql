{#- The read-side view: the survivors of every date, so that readers are right while duplicates wait. -#}
{%- from "_survivors.sql" import rank, table -%}
SELECT * EXCEPT (onerow_rank)
FROM (
  SELECT
    *,
    {{ rank(rule) | indent(4) }} AS onerow_rank
  FROM {{ table(rule) }}
  {%- if rule.active %}
  WHERE {{ rule.active }}
  {%- endif %}
)
WHERE onerow_rank = 1
