{#- Every duplicate with its survivor, and the
    deciding values. Changes nothing. -#}
{%- from "_merged.sql" import gives, window_before -%}
{%- from "_survivors.sql" import copies, date, inside, period, rank, ranking, ready, row_id, source -%}
SELECT
  date,
  {%- for key in rule.key %}
  key_{{ loop.index }},
  {%- endfor %}
  row_id,
  survivor,
  {%- if rule.across %}
  survivor_date,
  {%- endif %}
  {%- for value in rule.keep_values %}
  keep_{{ loop.index }},
  survivor_keep_{{ loop.index }},
  {%- endfor %}
  copies,
  settled
  {%- for column in rule.merged %},
  gives_{{ loop.index }}
  {%- endfor %}
FROM (
  SELECT
    {{ date(rule) }} AS date,
    {%- for key in rule.key %}
    {{ key }} AS key_{{ loop.index }},
    {%- endfor %}
    {{ row_id(rule) }} AS row_id,
    FIRST_VALUE({{ row_id(rule) }}) OVER onerow_key AS survivor,
    {%- if rule.across %}
    FIRST_VALUE(onerow_date) OVER onerow_key AS survivor_date,
    onerow_inside,
    {%- endif %}
    {%- for value in rule.keep_values %}
    {{ value }} AS keep_{{ loop.index }},
    FIRST_VALUE({{ value }}) OVER onerow_key AS survivor_keep_{{ loop.index }},
    {%- endfor %}
    {{ rank(rule) | indent(4) }} AS rank,
    {{ copies(rule, period(rule)) }} AS copies,
    {{ ready(rule) }} AS settled
    {%- if rule.merged %},
    {{ gives(rule) | indent(4) }}
    {%- endif %}
  {{ source(rule, window, named=rule.strategy == "rewrite") | indent(2) }}
  WINDOW onerow_key AS ({{ ranking(rule) | indent(2) }}
  )
  {%- if rule.merged %},
  {{ window_before(rule) | indent(2) }}
  {%- endif %}
)
WHERE rank > 1
{{- inside(rule) }}
ORDER BY date, {% for key in rule.key %}key_{{ loop.index }}, {% endfor %}rank
