{#- The rows waiting in the staging tables, ranked together with the table's rows, by the same rule. -#}
{%- from "_survivors.sql" import rank, ranking, rows, settled -%}

{#- The values that an existing row takes over from a staged one, as text for comparison. -#}
{%- macro values(columns) -%}
{% if columns %}TO_JSON_STRING(STRUCT({{ columns | commas }})){% else %}''{% endif %}
{%- endmacro -%}

{#- Whether a staged row is a deletion marker. -#}
{%- macro deletes(staging) -%}
COALESCE({{ staging.deleted }}, FALSE)
{%- endmacro -%}

{#- Whether a staged row is to be merged: an active one, or a marker that can be ranked. -#}
{%- macro takes_part(rule, staging) -%}
{%- if not staging.deleted -%}
{{ rule.active }}
{%- elif staging.has_active -%}
IF({{ deletes(staging) }}, {{ staging.has_place }}, {{ rule.active }})
{%- else -%}
(NOT {{ deletes(staging) }} OR {{ staging.has_place }})
{%- endif -%}
{%- endmacro -%}

{#- Whether a staged row is left out. -#}
{%- macro left_out(rule, staging) -%}
NOT COALESCE({{ takes_part(rule, staging) }}, FALSE)
{%- endmacro -%}

{#- The arriving rows of one table. -#}
{%- macro rows_of(rule, window, staging, table, is_settled, is_staged, condition) -%}
SELECT
  {%- for column in staging.columns %}
  {{ column }},
  {%- endfor %}
  {{ values(staging.values) }} AS onerow_values,
  {%- if staging.deleted %}
  {% if is_staged %}{{ deletes(staging) }}{% else %}FALSE{% endif %} AS onerow_deletes,
  {%- endif %}
  {{ is_settled }} AS onerow_settled,
  {{ is_staged }} AS onerow_staged
FROM {{ table }}
WHERE {{ window.filter }}
{%- if condition %}
  AND {{ condition }}
{%- endif %}
{%- endmacro -%}

{#- Every active row of the window, in the table or staged, and every deletion marker, with its rank; whether the first of
    its key is a staged one, with which values, and whether it is a marker; how many rows of the key are in the table, and
    how many of those DML cannot touch yet. -#}
{%- macro arriving(rule, window, staging) -%}
{#- A row that was merged before and its original in the staging table are equal: the former counts. A marker that is
    equal to either deletes it. -#}
{%- set last = "onerow_staged" | raw -%}
{%- set marked = "onerow_deletes DESC" | raw if staging.deleted else none -%}
{%- set condition = takes_part(rule, staging) if staging.leaves_out else none -%}
SELECT
  *,
  {{ rank(rule, last, marked=marked, within_date=true) | indent(2) }} AS onerow_rank,
  FIRST_VALUE(onerow_staged) OVER onerow_first AS onerow_arrives,
  FIRST_VALUE(onerow_values) OVER onerow_first AS onerow_arriving,
  {%- if staging.deleted %}
  FIRST_VALUE(onerow_deletes) OVER onerow_first AS onerow_departs,
  {%- endif %}
  COUNT(IF(onerow_staged, NULL, 1)) OVER onerow_key AS onerow_there,
  COUNT(IF(onerow_settled, NULL, 1)) OVER onerow_key AS onerow_buffered
FROM (
  {{ rows_of(rule, window, staging, rows(rule), settled(rule), false, rule.active) | indent(2) }}
  {%- for table in staging.rows %}
  UNION ALL
  {{ rows_of(rule, window, staging, table, true, true, condition) | indent(2) }}
  {%- endfor %}
) AS onerow_row
WINDOW
  onerow_first AS ({{ ranking(rule, last, marked=marked, within_date=true) | indent(2) }}
  ),
  onerow_key AS (
    PARTITION BY {{ rule.date }}, {{ rule.key | commas }}
  )
{%- endmacro -%}
