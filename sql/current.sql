{#- The read-side view: the survivors of every date, so that readers are right while duplicates wait. -#}
{%- from "_survivors.sql" import place, table -%}
SELECT * EXCEPT (onerow_place)
FROM (
  SELECT
    *,
    {{ place(rule) | indent(4) }} AS onerow_place
  FROM {{ table(rule) }}
  {%- if rule.active %}
  WHERE {{ rule.active }}
  {%- endif %}
)
WHERE onerow_place = 1
