{#- The read-side view: the survivors of every date, so that readers see no duplicates while cleaning waits. BigQuery
    applies a filter on the date to the table only if the date is a plain column of PARTITION BY: if the table has no such
    column, it is `onerow_date`. It comes first: with `rewrite` the rest of the row breaks ties, as text, and a prefix
    common to all rows of a date does not change the order. -#}
{%- from "_merged.sql" import last_names, last_values, window_of_rows -%}
{%- from "_survivors.sql" import added_by_near, near, rank, rows, table -%}
{%- set date = none if rule.has_date else ("onerow_date" | raw) -%}
{%- set arrives = rule.by_arrival and rule.strategy == "rewrite" -%}
{%- if rule.across -%}
SELECT * EXCEPT (onerow_rank, {% if rule.by_arrival %}onerow_arrived, {% endif %}{{ added_by_near(rule) }})
FROM (
  SELECT
    *,
    {{ rank(rule) | indent(4) }} AS onerow_rank
  FROM (
    {{ near(rule) | indent(4) }}
  )
)
{%- else -%}
SELECT * EXCEPT (onerow_rank{% if arrives %}, onerow_arrived{% endif %}{% if rule.merged %}, {{ last_names(rule) }}{% endif %})
{%- if rule.merged %} REPLACE ({% for column in rule.merged %}onerow_last_{{ loop.index }} AS {{ column }}{% if not loop.last %}, {% endif %}{% endfor %}){% endif %}
FROM (
  SELECT
    *,
    {{ rank(rule, date=date, row=rule.row_set_aside if arrives else none) | indent(4) }} AS onerow_rank
    {%- if rule.merged %},
    {{ last_values(rule) | indent(4) }}
    {%- endif %}
{%- if rule.has_date %}
  FROM {{ table(rule) }}
  {%- if rule.active %}
  WHERE {{ rule.active }}
  {%- endif %}
{%- else %}
  FROM (
    SELECT
      {{ rule.date }} AS onerow_date,
      *
      {%- if arrives %},
      _PARTITIONTIME AS onerow_arrived
      {%- endif %}
    FROM {{ rows(rule) }}
    {%- if rule.active %}
    WHERE {{ rule.active }}
    {%- endif %}
  ) AS onerow_row
{%- endif %}
{%- if rule.merged %}
  WINDOW {{ window_of_rows(rule, date=date, row=rule.row_set_aside if arrives else none) | indent(2) }}
{%- endif %}
)
{%- endif %}
WHERE onerow_rank = 1
