{#- Replaces the settled active rows of these dates by the same rows without the duplicates that this run has
    recorded, in one atomic statement. Inactive rows and buffered rows are unchanged. Of rows that are equal in
    every column, as many are removed as were recorded, the last ones first. A table partitioned by ingestion time
    does not accept INSERT ROW: there the columns are named, and each row keeps its partition. If survivors are
    merged, a key is skipped unless all of its other rows were recorded.
    Source: https://cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables -#}
{%- from "_merged.sql" import last_names, last_values, window_of_rows -%}
{%- from "_removals.sql" import of_run -%}
{%- from "_survivors.sql" import added_by_near, inside, no_row, rank, replacing, row, settled, source -%}
MERGE INTO {{ rule.table }} AS onerow_target
USING (
  SELECT * EXCEPT (onerow_rank, onerow_settled, onerow_json, onerow_nth, onerow_times{% if rule.merged %}, onerow_first, onerow_whole, {{ last_names(rule) }}{% endif %}{% if rule.across %}, onerow_inside, {{ added_by_near(rule, with_json=false) }}{% endif %})
  {%- if rule.merged %} REPLACE (
    {%- for column in rule.merged %}
    IF(onerow_whole AND onerow_rank = 1, onerow_last_{{ loop.index }}, {{ column }}) AS {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
  )
  {%- endif %}
  FROM (
    SELECT
      onerow_numbered.*,
      {%- if rule.merged %}
      COUNT(IF(onerow_numbered.onerow_rank > 1 AND onerow_numbered.onerow_nth <= onerow_recorded.onerow_times, 1, NULL)) OVER onerow_key
        = COUNT(*) OVER onerow_key - 1 AS onerow_whole,
      {%- endif %}
      COALESCE(onerow_recorded.onerow_times, 0) AS onerow_times
    FROM (
      SELECT
        onerow_ranked.*,
        ROW_NUMBER() OVER (PARTITION BY onerow_ranked.onerow_json ORDER BY onerow_ranked.onerow_rank DESC) AS onerow_nth
      FROM (
        SELECT
          *,
          {%- if rule.by_arrival and not rule.across %}
          _PARTITIONTIME AS onerow_arrived,
          {%- endif %}
          {{ rank(rule) | indent(10) }} AS onerow_rank,
          {%- if rule.merged %}
          FIRST_VALUE({{ row(rule) }}) OVER onerow_rows AS onerow_first,
          {{ last_values(rule) | indent(10) }},
          {%- endif %}
          {{ settled(rule) }} AS onerow_settled
          {%- if not rule.across %},
          {{ row(rule) }} AS onerow_json
          {%- endif %}
        {{ source(rule, window, named=true) | indent(8) }}
        {%- if rule.merged %}
        WINDOW {{ window_of_rows(rule) | indent(8) }}
        {%- endif %}
      ) AS onerow_ranked
    ) AS onerow_numbered
    LEFT JOIN (
      SELECT
        removed_row AS onerow_removed_row,
        COUNT(*) AS onerow_times
      FROM {{ removals.table }}
      WHERE {{ of_run(rule, window) | indent(6) }}
      GROUP BY removed_row
    ) AS onerow_recorded
      ON onerow_recorded.onerow_removed_row = onerow_numbered.onerow_json
    {%- if rule.merged %}
    WINDOW onerow_key AS (PARTITION BY onerow_numbered.onerow_first)
    {%- endif %}
  )
  WHERE onerow_settled
    {{- inside(rule) | indent(2) }}
    AND NOT ({% if rule.merged %}onerow_whole AND {% endif %}onerow_rank > 1 AND onerow_nth <= onerow_times)
  {%- if rule.by_arrival %}
  UNION ALL
  {{ no_row(rule) }}
  {%- endif %}
) AS onerow_survivor
{{ replacing(rule, window) }}
