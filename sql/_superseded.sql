{#- The duplicates of the window's dates, each with its key and rank: the query of a test that must find none.
    `onerow view show --dbt` writes it. It ranks as every step does, buffered rows included. -#}
{%- from "_survivors.sql" import date, inside, rank, row_id, source -%}
SELECT
  date,
  {%- for key in rule.key %}
  key_{{ loop.index }},
  {%- endfor %}
  row_id,
  rank
FROM (
  SELECT
    {{ date(rule) }} AS date,
    {%- for key in rule.key %}
    {{ key }} AS key_{{ loop.index }},
    {%- endfor %}
    {{ row_id(rule) }} AS row_id,
    {{ rank(rule) | indent(4) }} AS rank
    {%- if rule.across %},
    onerow_inside
    {%- endif %}
  {{ source(rule, window, named=rule.strategy == "rewrite") | indent(2) }}
)
WHERE rank > 1
{{- inside(rule) }}
