{#- What waits in the staging tables, ranked together with what is in the table, by the same rule. -#}
{%- from "_survivors.sql" import rank, ranking, rows, settled -%}

{#- What a row that is there already takes over from a staged one, as text that can be compared. -#}
{%- macro values(columns) -%}
{% if columns %}TO_JSON_STRING(STRUCT({{ columns | commas }})){% else %}''{% endif %}
{%- endmacro -%}

{#- The rows that arrive, of one table. -#}
{%- macro rows_of(rule, window, staging, table, is_settled, is_staged, has_active) -%}
SELECT
  {%- for column in staging.columns %}
  {{ column }},
  {%- endfor %}
  {{ values(staging.values) }} AS onerow_values,
  {{ is_settled }} AS onerow_settled,
  {{ is_staged }} AS onerow_staged
FROM {{ table }}
WHERE {{ window.filter }}
{%- if has_active %}
  AND {{ rule.active }}
{%- endif %}
{%- endmacro -%}

{#- Every active row of the window, in the table or staged, with its place; whether the first of its
    key is a staged one, and with which values; how many rows of the key are in the table, and how
    many of those DML cannot touch yet. -#}
{%- macro arriving(rule, window, staging) -%}
{#- A row that has arrived and its original in the staging table are equal: the former counts. -#}
{%- set last = "onerow_staged" | raw -%}
SELECT
  *,
  {{ rank(rule, last) | indent(2) }} AS onerow_rank,
  FIRST_VALUE(onerow_staged) OVER onerow_first AS onerow_arrives,
  FIRST_VALUE(onerow_values) OVER onerow_first AS onerow_arriving,
  COUNT(IF(onerow_staged, NULL, 1)) OVER onerow_key AS onerow_there,
  COUNT(IF(onerow_settled, NULL, 1)) OVER onerow_key AS onerow_buffered
FROM (
  {{ rows_of(rule, window, staging, rows(rule), settled(rule), false, rule.active) | indent(2) }}
  {%- for table in staging.rows %}
  UNION ALL
  {{ rows_of(rule, window, staging, table, true, true, staging.has_active) | indent(2) }}
  {%- endfor %}
) AS onerow_row
WINDOW
  onerow_first AS ({{ ranking(rule, last) | indent(2) }}
  ),
  onerow_key AS (
    PARTITION BY {{ rule.date }}, {{ rule.key | commas }}
  )
{%- endmacro -%}
