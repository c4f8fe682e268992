{#- Every superseded row with the survivor that supersedes it, and the values that decided. Changes
    nothing. -#}
{%- from "_survivors.sql" import rank, ranking, settled, table -%}
SELECT
  date,
  {%- for key in rule.key %}
  key_{{ loop.index }},
  {%- endfor %}
  row_id,
  survivor,
  {%- for value in rule.keep_values %}
  keep_{{ loop.index }},
  survivor_keep_{{ loop.index }},
  {%- endfor %}
  copies,
  settled
FROM (
  SELECT
    {{ rule.date }} AS date,
    {%- for key in rule.key %}
    {{ key }} AS key_{{ loop.index }},
    {%- endfor %}
    {{ rule.row_id }} AS row_id,
    FIRST_VALUE({{ rule.row_id }}) OVER onerow_key AS survivor,
    {%- for value in rule.keep_values %}
    {{ value }} AS keep_{{ loop.index }},
    FIRST_VALUE({{ value }}) OVER onerow_key AS survivor_keep_{{ loop.index }},
    {%- endfor %}
    {{ rank(rule) | indent(4) }} AS rank,
    COUNT(*) OVER (PARTITION BY {{ rule.date }}, {{ rule.row_id }}) AS copies,
    {{ settled(rule) }} AS settled
  FROM {{ table(rule) }}
  WHERE {{ window.filter }}
  {%- if rule.active %}
    AND {{ rule.active }}
  {%- endif %}
  WINDOW onerow_key AS ({{ ranking(rule) | indent(2) }}
  )
)
WHERE rank > 1
ORDER BY date, {% for key in rule.key %}key_{{ loop.index }}, {% endfor %}rank
