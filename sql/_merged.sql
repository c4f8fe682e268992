{#- A merged survivor, if the rule has `merge`: each of its merged columns has the first non-NULL value in the order of
    survival, and the other columns are unchanged. Written once, here. -#}
{%- from "_survivors.sql" import ranking, rows -%}

{#- The values of the merged columns, as columns of the ranking query. -#}
{%- macro last_values(rule) -%}
{%- for column in rule.merged -%}
FIRST_VALUE({{ column }} IGNORE NULLS) OVER onerow_rows AS onerow_last_{{ loop.index }}{% if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro -%}

{#- Their names. -#}
{%- macro last_names(rule) -%}
{%- for column in rule.merged %}onerow_last_{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor -%}
{%- endmacro -%}

{#- The rows of a key, survivor first; each of them sees all. -#}
{%- macro window_of_rows(rule, date=none, row=none) -%}
onerow_rows AS ({{ ranking(rule, date=date, row=row) }}
  ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
)
{%- endmacro -%}

{#- The survivor as it will be, as JSON. -#}
{%- macro after(rule) -%}
TO_JSON_STRING(STRUCT(
{%- for it in rule.survivor %}
  FIRST_VALUE({{ it.column }}{% if it.merged %} IGNORE NULLS{% endif %}) OVER onerow_rows AS {{ it.column }}{% if not loop.last %},{% endif %}
{%- endfor %}
))
{%- endmacro -%}

{#- A row of the table in the same JSON form. -#}
{%- macro as_after(rule, of=none) -%}
TO_JSON_STRING(STRUCT({% for it in rule.survivor %}{% if of %}{{ of | raw }}.{% endif %}{{ it.column }} AS {{ it.column }}{% if not loop.last %}, {% endif %}{% endfor %}))
{%- endmacro -%}

{#- Whether the survivor of an entry is unchanged since the run, and once in the table: if not, its key is not restored. -#}
{%- macro is_as_left(rule, window) -%}
survivor_after IN (
  SELECT onerow_now
  FROM (
    SELECT {{ as_after(rule) }} AS onerow_now
    FROM {{ rows(rule) }}
    WHERE {{ window.filter }}
  )
  GROUP BY onerow_now
  HAVING COUNT(*) = 1
)
{%- endmacro -%}

{#- Whether the survivor takes the value of a merged column from this row, in the order of those columns. -#}
{%- macro gives(rule) -%}
{%- for column in rule.merged -%}
{{ column }} IS NOT NULL AND COUNT({{ column }}) OVER onerow_before = 0 AS gives_{{ loop.index }}{% if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro -%}

{#- The rows of its key before it. -#}
{%- macro window_before(rule) -%}
onerow_before AS ({{ ranking(rule) }}
  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)
{%- endmacro -%}
