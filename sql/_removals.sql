{#- The removal log: every row that a run removes, with its survivor, written before the rows change. A row is identified
    by its row id, or, where rows are rewritten, by the whole row as JSON. -#}
{%- from "_survivors.sql" import inside, ranked -%}

{#- Whether an entry of the log belongs to this run, this rule and these dates. -#}
{%- macro of_run(rule, window) -%}
run_id = @run_id
  AND run_started_at = @run_started_at
  AND rule = {{ rule.name }}
  AND {{ window.logged }}
{%- endmacro -%}

{#- Whether an entry of the log, named `removed` where there are other tables, was written by one
    statement of an earlier run. -#}
{%- macro of_undone(rule, window, named=false) -%}
{%- if named %}removed.{% endif %}run_id = @undone_run
  AND {% if named %}removed.{% endif %}run_started_at = @undone_run_started_at
  AND {% if named %}removed.{% endif %}record_id = @undone_record
  AND {% if named %}removed.{% endif %}rule = {{ rule.name }}
  AND {% if named %}{{ window.logged | of("removed") }}{% else %}{{ window.logged }}{% endif %}
{%- endmacro -%}

{#- The values of the `keep` entries, as JSON. -#}
{%- macro keep_values(rule) -%}
TO_JSON_STRING(STRUCT({% for value in rule.keep_values %}{{ value }} AS keep_{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %}))
{%- endmacro -%}

{#- The start of a statement that records rows which a step removes; the row itself follows. For several dates, `date` is
    the column with the row's date. -#}
{%- macro entries_of(rule, window, removals, step, merges=false) -%}
INSERT INTO {{ removals.table }} ({{ removals.columns | commas }}{% if merges %}, survivor_before, survivor_after{% endif %})
SELECT
  @run_id,
  @run_started_at,
  @record_id,
  {{ rule.name }},
  {{ rule.table_name }},
  {{ step }},
  {% if window.is_one %}{{ window.first }}{% else %}date{% endif %}
{%- endmacro -%}

{#- The identity of a row in a statement about several dates: row ids are unique only within a date. -#}
{%- macro on_its_date(date, row_id) -%}
TO_JSON_STRING(STRUCT({{ date }} AS date, {{ row_id }} AS row_id))
{%- endmacro -%}

{#- Whether this run has recorded the row: no statement removes other rows. -#}
{%- macro recorded(rule, window, removals) -%}
{% if window.is_one %}{{ rule.row_id_json }}{% else %}{{ on_its_date(rule.period, rule.row_id_json) }}{% endif %} IN (
  SELECT {% if window.is_one %}row_id{% else %}{{ on_its_date(rule.logged_period, "row_id" | raw) }}{% endif %}
  FROM {{ removals.table }}
  WHERE {{ of_run(rule, window) | indent(2) }}
)
{%- endmacro -%}

{#- Whether the row is a duplicate by the ranking and a statement by row id can remove it alone. -#}
{%- macro superseded(rule, window) -%}
{% if window.is_one %}{{ rule.row_id }}{% else %}{{ on_its_date(rule.period, rule.row_id) }}{% endif %} IN (
  SELECT {% if window.is_one %}row_id{% else %}{{ on_its_date("date" | raw, "row_id" | raw) }}{% endif %}
  FROM (
    {{ ranked(rule, window) | indent(4) }}
  )
  WHERE rank > 1
    AND copies = 1
    {%- if not window.is_one %}
    AND row_id IS NOT NULL
    {%- endif %}
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

{#- The rows from before an earlier run's statement, each as JSON; equal ones are numbered. -#}
{%- macro set_aside(rule, removals) -%}
SELECT
  onerow_row.*,
  {{ rule.row_set_aside }} AS onerow_json,
  ROW_NUMBER() OVER (PARTITION BY {{ rule.row_set_aside }}) AS onerow_nth
FROM {{ removals.before_image }} AS onerow_row
{%- endmacro -%}
