{#- The rows that the UPDATE of a custom step removes, derived from its text, so that they are recorded first and no key
    loses its last active row. Texts with the UPDATE's condition are not indented: the condition may have strings of
    several lines. -#}
{%- from "_removals.sql" import keep_values, recorded -%}
{%- from "_survivors.sql" import copies, rank -%}

{#- The column of a judged row with its date. -#}
{%- macro day(rule) -%}
{% if rule.shares_partitions %}day{% else %}date{% endif %}
{%- endmacro -%}

{#- The active rows of the window: whether the UPDATE removes each, and how many of its key it leaves. Rows that share
    their id are skipped. -#}
{%- macro judged(rule, window, custom) -%}
SELECT
  *,
  COUNT(IF(removes, NULL, 1)) OVER (PARTITION BY {{ day(rule) }}{% for key in rule.key %}, key_{{ loop.index }}{% endfor %}) AS others
FROM (
SELECT
  *,
  matches AND copies = 1 AND row_id IS NOT NULL AS removes
FROM (
SELECT
  {{ rule.period }} AS date,
  {%- if rule.shares_partitions %}
  {{ rule.date }} AS day,
  {%- endif %}
  {%- for key in rule.key %}
  {{ key }} AS key_{{ loop.index }},
  {%- endfor %}
  {{ rule.row_id }} AS row_id,
  {{ rank(rule, none, false, within_date=true) | indent(2) }} AS rank,
  {{ keep_values(rule) }} AS keep_values,
  {{ copies(rule, rule.period) }} AS copies,
  COALESCE((
  {{ custom.condition }}
  ), FALSE) AS matches
FROM {{ custom.table }}
WHERE {{ window.filter }}
  AND {{ rule.active }}
)
)
{%- endmacro -%}

{#- Conditions added to the UPDATE's own: this run has recorded the row, and its key
    keeps another active row. -#}
{%- macro restriction(rule, window, removals, custom) -%}
{{ recorded(rule, window, removals) | indent(2) }}
{%- if not custom.may_remove_keys %}
  AND {{ rule.row_id }} IN (
SELECT row_id
FROM (
{{ judged(rule, window, custom) }}
)
WHERE removes
  AND others > 0
)
{%- endif %}
{%- endmacro -%}
