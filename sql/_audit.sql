{#- The audit table keeps every row that a run takes out or brings back, and rows are found again by it:
    by the row id and by the state, which is the row as JSON. Where rows are deactivated, the state
    leaves out what that sets, so that it is the same before and after. -#}
{%- from "_survivors.sql" import place, settled, table -%}

{#- INSERT INTO the audit table; a query for (row_id, state) follows. -#}
{%- macro keep(rule, window, audit, step) -%}
INSERT INTO {{ audit }} (run_id, job_id, rule, table_name, step, date, row_id, state, undone)
SELECT @run_id, @job_id, {{ rule.name }}, {{ rule.table_name }}, {{ step }}, {{ window.first }}, row_id, state, {% if step == "undo" %}@undone{% else %}CAST(NULL AS STRING){% endif %}
{%- endmacro -%}

{#- Whether an entry of the audit table, named `kept` where there are other tables, is of the run that
    is undone, for this rule and date. -#}
{%- macro of_undone(rule, window, named=false) -%}
{%- set entry = ("kept." if named else "") | raw -%}
{{ entry }}run_id = @undone
  AND {{ entry }}rule = {{ rule.name }}
  AND {{ entry }}table_name = {{ rule.table_name }}
  AND {{ entry }}date = {{ window.first }}
{%- endmacro -%}

{#- Whether no earlier undo has taken the run back on this date. Asked in the same transaction as the
    undo, so that it holds also where the ledger of the earlier one is lost. -#}
{%- macro not_yet_undone(rule, window, audit) -%}
NOT EXISTS (
  SELECT 1
  FROM {{ audit }}
  WHERE undone = @undone
    AND rule = {{ rule.name }}
    AND table_name = {{ rule.table_name }}
    AND date = {{ window.first }}
)
{%- endmacro -%}

{#- How often each state is brought back: what `audit_undo` has kept for this statement. -#}
{%- macro brought_back(audit) -%}
SELECT
  state,
  COUNT(*) AS times
FROM {{ audit }}
WHERE run_id = @run_id
  AND job_id = @job_id
GROUP BY state
{%- endmacro -%}

{#- The rows that the strategy's step takes out, as id (the row id as it is), row_id and state. -#}
{%- macro superseded(rule, window) -%}
SELECT
  onerow_row.{{ rule.row_id }} AS id,
  TO_JSON_STRING(onerow_row.{{ rule.row_id }}) AS row_id,
  TO_JSON_STRING(onerow_row) AS state
FROM (
  SELECT * EXCEPT (onerow_place, onerow_copies, onerow_settled{% if rule.strategy == "deactivate" %}, {{ set_columns(rule) }}{% endif %})
  FROM (
    SELECT
      *,
      {{ place(rule) | indent(6) }} AS onerow_place,
      COUNT(*) OVER (PARTITION BY {{ rule.date }}, {{ rule.row_id }}) AS onerow_copies,
      {{ settled(rule) }} AS onerow_settled
    FROM {{ table(rule) }}
    WHERE {{ window.filter }}
    {%- if rule.active %}
      AND {{ rule.active }}
    {%- endif %}
  )
  WHERE onerow_place > 1
    AND onerow_settled
  {%- if rule.strategy != "rewrite" %}
    AND onerow_copies = 1
    AND {{ rule.row_id }} IS NOT NULL
  {%- endif %}
) AS onerow_row
{%- endmacro -%}

{#- The columns that deactivating sets. -#}
{%- macro set_columns(rule) -%}
{{ rule.active }}{% if rule.touched_at %}, {{ rule.touched_at }}{% endif %}
{%- endmacro -%}

{#- The inactive rows that the undone run had deactivated and that have not changed since. -#}
{%- macro deactivated(rule, window, audit) -%}
SELECT
  found.id,
  found.row_id,
  found.state
FROM (
  SELECT
    onerow_row.{{ rule.row_id }} AS id,
    TO_JSON_STRING(onerow_row.{{ rule.row_id }}) AS row_id,
    TO_JSON_STRING(onerow_row) AS state,
    COUNT(*) OVER (PARTITION BY onerow_row.{{ rule.row_id }}) AS copies
  FROM (
    SELECT * EXCEPT ({{ set_columns(rule) }})
    FROM {{ rule.table }}
    WHERE {{ window.filter }}
      AND NOT {{ rule.active }}
    {%- if rule.written_at %}
      AND {{ settled(rule) }}
    {%- endif %}
  ) AS onerow_row
) AS found
JOIN {{ audit }} AS kept
  ON kept.row_id = found.row_id
  AND kept.state = found.state
WHERE found.copies = 1
  AND {{ of_undone(rule, window, true) }}
{%- endmacro -%}

{#- The row ids, as JSON, of the rows that count; what was deleted under them is not brought back. -#}
{%- macro standing_ids(rule, window) -%}
SELECT TO_JSON_STRING({{ rule.row_id }})
FROM {{ rule.table }}
WHERE {{ window.filter }}
{%- if rule.active %}
  AND {{ rule.active }}
{%- endif %}
{%- endmacro -%}
