{#- The definition of the survivor, written once, here. Every template that ranks rows or counts duplicates calls these
    macros, so that two definitions cannot exist. -#}

{#- The active rows of a key and date, survivor first. Where rows are rewritten, those that share an
    id are ranked too: the one written first, then by the rest of the row, unless `by_row` is false.
    `marked` is a sort key before that, and `last` one after all others. `among_all` ranks the
    inactive rows too, after the active ones: the first row of a key is active, unless none is. `date`
    is the column with the row's date, and `row` the row as JSON, if the rows are not the table's. If
    the rule looks across dates, the rows are those of `near`, in its groups; `within_date` turns that
    off. -#}
{%- macro ranking(rule, last=none, by_row=true, marked=none, among_all=false, date=none, row=none, within_date=false) %}
{%- if rule.across and not within_date %}
  PARTITION BY onerow_group, {{ rule.key | commas }}
  ORDER BY onerow_place
{%- else %}
  PARTITION BY {% if date %}{{ date }}{% else %}{{ rule.date }}{% endif %}, {{ rule.key | commas }}
  ORDER BY {{ order(rule, last, by_row, marked, among_all, row) }}
{%- endif %}
{%- endmacro -%}

{#- The order of survival. -#}
{%- macro order(rule, last=none, by_row=true, marked=none, among_all=false, row=none) -%}
{% if among_all %}COALESCE({{ rule.active }}, FALSE) DESC, {% endif %}{{ rule.keep | commas }}
{%- if marked %}, {{ marked }}{% endif %}
{%- if rule.settles %}, {{ rule.settles }}{% endif %}
{%- if by_row and rule.strategy == "rewrite" %}, {{ row or rule.row }}{% endif %}
{%- if last %}, {{ last }}{% endif %}
{%- endmacro -%}

{#- The row's rank among the active rows of its key and date: 1 survives, the rest is superseded. -#}
{%- macro rank(rule, last=none, by_row=true, marked=none, among_all=false, date=none, row=none, within_date=false) -%}
ROW_NUMBER() OVER ({{ ranking(rule, last, by_row, marked, among_all, date, row, within_date) }}
)
{%- endmacro -%}

{#- The rows of the key on the row's date and on the neighbouring dates before and after it. -#}
{%- macro neighbours(rule) %}
  PARTITION BY {{ rule.key | commas }}
  ORDER BY onerow_day
  RANGE BETWEEN {{ rule.across }} PRECEDING AND {{ rule.across }} FOLLOWING
{%- endmacro -%}

{#- For rules that look across dates: the rows of the window's dates and of twice as many dates around them as the rule
    looks across, each with its rank among all rows of its key and with its group. A row is a survivor if it is the first
    of its neighbours; its group is then its own rank. Any other row is in the group of the first survivor among its
    neighbours, which is never removed: so the dates can be cleaned one by one, in any order. A row without a survivor
    among its neighbours has its own group until its neighbours are removed. Without a window these are all rows of the
    table. -#}
{%- macro near(rule, window=none, among_all=false, with_undated=false) -%}
SELECT
  *,
  COALESCE(MIN(IF(onerow_place = onerow_first, onerow_place, NULL)) OVER ({{ neighbours(rule) | indent(2) }}
  ), onerow_place) AS onerow_group
FROM (
  SELECT
    *,
    MIN(onerow_place) OVER ({{ neighbours(rule) | indent(4) }}
    ) AS onerow_first
  FROM (
    SELECT
      *,
      {%- if rule.by_arrival %}
      _PARTITIONTIME AS onerow_arrived,
      {%- endif %}
      {%- if rule.keep_rows %}
      {{ rule.row }} AS onerow_json,
      {%- endif %}
      {{ rule.date }} AS onerow_date,
      {{ rule.day_number }} AS onerow_day,
      {%- if window %}
      {% if with_undated %}{{ window.with_undated }}{% else %}{{ window.filter }}{% endif %} AS onerow_inside,
      {%- endif %}
      ROW_NUMBER() OVER (
        PARTITION BY {{ rule.key | commas }}
        ORDER BY {{ order(rule, among_all=among_all) }}
      ) AS onerow_place
    FROM {{ rows(rule, rule.keep_rows) }}
    {%- if window %}
    WHERE {% if with_undated %}{{ window.around_with_undated }}{% else %}{{ window.around }}{% endif %}
    {%- if rule.active and not among_all %}
      AND {{ rule.active }}
    {%- endif %}
    {%- elif rule.active %}
    WHERE {{ rule.active }}
    {%- endif %}
  )
)
{%- endmacro -%}

{#- The columns that `near` adds and that are not part of the result. -#}
{%- macro added_by_near(rule, with_json=true) -%}
{% if rule.keep_rows and with_json %}onerow_json, {% endif %}onerow_date, onerow_day, onerow_place, onerow_first, onerow_group
{%- endmacro -%}

{#- FROM and WHERE of the ranking of the window's rows: the active ones, or all. If the rule looks across dates, other
    rows are ranked with them; readers of the result must filter by `inside`. -#}
{%- macro source(rule, window, among_all=false, with_undated=false, named=false) -%}
{%- if rule.across -%}
FROM (
  {{ near(rule, window, among_all, with_undated) | indent(2) }}
)
{%- else -%}
FROM {{ rows(rule, named) }}
WHERE {% if with_undated %}{{ window.with_undated }}{% else %}{{ window.filter }}{% endif %}
{%- if rule.active and not among_all %}
  AND {{ rule.active }}
{%- endif %}
{%- endif -%}
{%- endmacro -%}

{#- Whether a ranked row belongs to the window. -#}
{%- macro inside(rule) -%}
{%- if rule.across %}
  AND onerow_inside
{%- endif -%}
{%- endmacro -%}

{#- The row's date, in what is selected from `source`. -#}
{%- macro date(rule) -%}
{% if rule.across %}onerow_date{% else %}{{ rule.date }}{% endif %}
{%- endmacro -%}

{#- The row's date in the window: if dates share a partition of the table, the first of them. -#}
{%- macro period(rule) -%}
{% if rule.across %}onerow_date{% else %}{{ rule.period }}{% endif %}
{%- endmacro -%}

{#- The row as JSON, there. -#}
{%- macro row(rule) -%}
{% if rule.across %}onerow_json{% else %}{{ rule.row }}{% endif %}
{%- endmacro -%}

{#- The table, with an alias for its rows if needed: if it has the name of one of its columns, that name alone would mean
    the whole row. -#}
{%- macro rows(rule, named=false) -%}
{{ rule.table }}{% if named or rule.namesake %} AS onerow_row{% endif %}
{%- endmacro -%}

{#- The table, with the alias that `rank` uses for its rows. -#}
{%- macro table(rule) -%}
{{ rows(rule, rule.strategy == "rewrite") }}
{%- endmacro -%}

{#- Whether DML may touch the row: it was written before the cutoff, or at an unknown time. -#}
{%- macro settled(rule) -%}
{%- if rule.written_at -%}
{{ settled_at(rule.written_at) }}
{%- else -%}
TRUE
{%- endif -%}
{%- endmacro -%}

{#- The same for a row that was written at the given time. -#}
{%- macro settled_at(written_at) -%}
COALESCE({{ written_at }} < @cutoff, TRUE)
{%- endmacro -%}

{#- Whether a run may remove the row: it is settled, and if survivors are merged, so is every active row of its key. The
    values of a buffered row cannot be used yet. -#}
{%- macro ready(rule, among_all=false) -%}
{%- if rule.merged and rule.written_at -%}
COUNT(IF({% if among_all %}{{ rule.active }} AND {% endif %}NOT {{ settled(rule) }}, 1, NULL)) OVER (PARTITION BY {{ rule.date }}, {{ rule.key | commas }}) = 0
{%- else -%}
{{ settled(rule) }}
{%- endif -%}
{%- endmacro -%}

{#- The rows of the window that DML may touch. -#}
{%- macro touchable(rule, window) -%}
{{ window.filter }}
{%- if rule.active %}
  AND {{ rule.active }}
{%- endif %}
{%- if rule.written_at %}
  AND {{ settled(rule) }}
{%- endif %}
{%- endmacro -%}

{#- The SET of an UPDATE that deactivates rows, or activates them again. -#}
{%- macro set_active(rule, value) -%}
SET
  {{ rule.active_column }} = {% if value %}{{ rule.active_value }}{% else %}{{ rule.inactive_value }}{% endif %}
  {%- if rule.touched_at %},
  {{ rule.touched_at }} = {{ rule.touched_now }}
  {%- endif %}
{%- endmacro -%}

{#- The end of a MERGE that replaces the rows that DML may touch by those of its source: ON FALSE matches nothing, so
    existing rows are deleted and the source's rows are inserted. -#}
{%- macro replacing(rule, window) -%}
ON FALSE
WHEN NOT MATCHED BY SOURCE
  AND {{ touchable(rule, window) }}
  THEN DELETE
WHEN NOT MATCHED BY TARGET
  THEN INSERT {% if rule.by_arrival %}(_PARTITIONTIME, {{ rule.columns | commas }})
    VALUES (onerow_survivor.onerow_arrived, {% for column in rule.columns %}onerow_survivor.{{ column }}{% if not loop.last %}, {% endif %}{% endfor %})
  {%- else %}ROW
  {%- endif %}
{%- endmacro -%}

{#- No rows, with the rule's columns and the ingestion time. In a UNION ALL with all columns of the table it makes the
    warehouse refuse the statement if the rule omits a column, whose values would be lost. -#}
{%- macro no_row(rule) -%}
SELECT
    {% for column in rule.columns %}NULL, {% endfor %}NULL
  FROM (SELECT 1 AS onerow_none)
  WHERE FALSE
{%- endmacro -%}

{#- The row id, in a query of `source`, and its form in the removal log. -#}
{%- macro row_id(rule) -%}
{% if rule.row_id_parts %}{{ rule.row_id }}{% else %}{{ row(rule) }}{% endif %}
{%- endmacro -%}

{%- macro row_id_json(rule) -%}
{% if rule.row_id_parts %}{{ rule.row_id_json }}{% else %}{{ row(rule) }}{% endif %}
{%- endmacro -%}

{#- How many rows share the row's id on this date, among those that are active, or inactive, like it. If the whole row is
    the id, equal rows are distinguished by their number. -#}
{%- macro copies(rule, date, among_all=false) -%}
{% if rule.row_id_parts -%}
COUNT(*) OVER (PARTITION BY {{ date }}, {{ rule.row_id_parts | commas }}{% if among_all %}, COALESCE({{ rule.active }}, FALSE){% endif %})
{%- else -%}
1
{%- endif -%}
{%- endmacro -%}

{#- Whether rows are counted and rewritten: then no count depends on which of two rows is first that are equal in all of
    `keep` and in their written time, nor on the row's id, and no other column is read. -#}
{%- macro is_counted_alone(rule, to_count) -%}
{% if to_count and rule.counts_narrowly %}yes{% endif %}
{%- endmacro -%}

{#- The active rows of the window, ranked. `copies` counts the active rows of the date that share the row id: with more
    than one, a statement by row id could not change one without the others. With `to_count`, columns that are not counted
    are omitted. -#}
{%- macro ranked(rule, window, with_undated=false, to_count=false) -%}
{%- set alone = is_counted_alone(rule, to_count) -%}
SELECT
  {{ period(rule) }} AS date,
  {%- if not alone %}
  {{ row_id(rule) }} AS row_id,
  {%- endif %}
  {{ rank(rule, by_row=not alone) | indent(2) }} AS rank,
  {%- if not alone %}
  {{ copies(rule, period(rule)) }} AS copies,
  {%- endif %}
  {{ settled(rule) }} AS settled
  {%- if rule.merged %},
  {{ ready(rule) }} AS ready
  {%- endif %}
  {%- if rule.across %},
  onerow_inside
  {%- endif %}
{{ source(rule, window, false, with_undated, rule.strategy == "rewrite" and not alone) }}
{%- endmacro -%}

{#- All rows of the window, and those without a date if requested: the active ones ranked, and the others after them, to
    be counted. -#}
{%- macro ranked_among_all(rule, window, with_undated) -%}
{%- set alone = is_counted_alone(rule, true) -%}
SELECT
  {{ period(rule) }} AS date,
  {%- if not alone %}
  {{ row_id(rule) }} AS row_id,
  {%- endif %}
  COALESCE({{ rule.active }}, FALSE) AS active,
  {{ rule.active }} IS NULL AS unflagged,
  {{ rank(rule, by_row=not alone, among_all=true) | indent(2) }} AS rank,
  {%- if not alone %}
  {{ copies(rule, period(rule), true) }} AS copies,
  {%- endif %}
  {{ settled(rule) }} AS settled
  {%- if rule.merged %},
  {{ ready(rule, true) }} AS ready
  {%- endif %}
  {%- if rule.across %},
  onerow_inside
  {%- endif %}
{{ source(rule, window, true, with_undated, rule.strategy == "rewrite" and not alone) }}
{%- endmacro -%}

{#- The result that onerow reads: one row per date, with these columns. `keyless` are keys that have
    rows but no active one, `unflagged` rows whose active flag is NULL. Rows that are rewritten never
    count as shared ids. -#}
{%- macro counts(rule, window, with_undated=false) -%}
SELECT
  date,
  COUNT(*) AS total,
{%- if rule.active %}
  COUNTIF(active) AS active,
  COUNTIF(active AND rank = 1) AS keys,
  COUNTIF(active AND rank > 1) AS duplicates,
  COUNTIF(active AND rank > 1 AND NOT {% if rule.merged %}ready{% else %}settled{% endif %}) AS buffered,
  {% if rule.strategy == "rewrite" %}0{% else %}COUNTIF(active AND (row_id IS NULL OR copies > 1)){% endif %} AS shared_ids,
  COUNTIF(active AND settled) AS settled,
  COUNTIF(NOT active AND rank = 1) AS keyless,
  COUNTIF(unflagged) AS unflagged
FROM (
  {{ ranked_among_all(rule, window, with_undated) | indent(2) }}
)
{%- else %}
  COUNT(*) AS active,
  COUNTIF(rank = 1) AS keys,
  COUNTIF(rank > 1) AS duplicates,
  COUNTIF(rank > 1 AND NOT {% if rule.merged %}ready{% else %}settled{% endif %}) AS buffered,
  {% if rule.strategy == "rewrite" %}0{% else %}COUNTIF(row_id IS NULL OR copies > 1){% endif %} AS shared_ids,
  COUNTIF(settled) AS settled,
  0 AS keyless,
  0 AS unflagged
FROM (
  {{ ranked(rule, window, with_undated, to_count=true) | indent(2) }}
)
{%- endif %}
{%- if rule.across %}
WHERE onerow_inside
{%- endif %}
GROUP BY date
ORDER BY date
{%- endmacro -%}
