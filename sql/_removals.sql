{#- The removal log: every row that a run removes, with the row that survives it, written before the
    rows change. A row is known by its row id, or, where rows are rewritten, by the whole row as JSON. -#}
{%- from "_survivors.sql" import inside, ranked -%}

{#- What is true of the date of the log's entries of this date; rows without a date have none there. -#}
{%- macro is_first(window) -%}
{% if window.is_undated %}IS NULL{% else %}= {{ window.first }}{% endif %}
{%- endmacro -%}

{#- Whether an entry of the log is of this run, for this rule and date. -#}
{%- macro of_run(rule, window) -%}
run_id = @run_id
  AND run_started_at = @run_started_at
  AND rule = {{ rule.name }}
  AND date {{ is_first(window) }}
{%- endmacro -%}

{#- Whether an entry of the log, named `removed` where there are other tables, was written by one
    statement of an earlier run. -#}
{%- macro of_undone(rule, window, named=false) -%}
{%- if named %}removed.{% endif %}run_id = @undone_run
  AND {% if named %}removed.{% endif %}run_started_at = @undone_run_started_at
  AND {% if named %}removed.{% endif %}record_id = @undone_record
  AND {% if named %}removed.{% endif %}rule = {{ rule.name }}
  AND {% if named %}removed.{% endif %}date {{ is_first(window) }}
{%- endmacro -%}

{#- What `keep` orders by, as JSON. -#}
{%- macro keep_values(rule) -%}
TO_JSON_STRING(STRUCT({% for value in rule.keep_values %}{{ value }} AS keep_{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %}))
{%- endmacro -%}

{#- The beginning of what records rows that a step removes from one date; the row itself follows. -#}
{%- macro entries_of(rule, window, removals, step, merges=false) -%}
INSERT INTO {{ removals.table }} ({{ removals.columns | commas }}{% if merges %}, survivor_before, survivor_after{% endif %})
SELECT
  @run_id,
  @run_started_at,
  @record_id,
  {{ rule.name }},
  {{ rule.table_name }},
  {{ step }},
  {{ window.first }}
{%- endmacro -%}

{#- Whether this run has recorded the row: no statement removes another one. -#}
{%- macro recorded(rule, window, removals) -%}
{{ rule.row_id_json }} IN (
  SELECT row_id
  FROM {{ removals.table }}
  WHERE {{ of_run(rule, window) | indent(2) }}
)
{%- endmacro -%}

{#- Whether the ranking calls the row a duplicate that a statement by row id can remove alone. -#}
{%- macro superseded(rule, window) -%}
{{ rule.row_id }} IN (
  SELECT row_id
  FROM (
    {{ ranked(rule, window) | indent(4) }}
  )
  WHERE rank > 1
    AND copies = 1
    {{- inside(rule) | indent(2) }}
)
{%- endmacro -%}

{#- How often an entry's row was removed, by an earlier run's statement. -#}
{%- macro times_undone(rule, window, removals, and=none) -%}
SELECT
  removed_row,
  COUNT(*) AS times
FROM {{ removals.table }}
WHERE {{ of_undone(rule, window) }}
{%- if and %}
  AND {{ and | indent(2) }}
{%- endif %}
GROUP BY removed_row
{%- endmacro -%}

{#- The rows of before an earlier run's statement, each as JSON, and those that are equal numbered. -#}
{%- macro set_aside(rule, removals) -%}
SELECT
  onerow_row.*,
  {{ rule.row_set_aside }} AS onerow_json,
  ROW_NUMBER() OVER (PARTITION BY {{ rule.row_set_aside }}) AS onerow_nth
FROM {{ removals.before_image }} AS onerow_row
{%- endmacro -%}
