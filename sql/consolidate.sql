{#- Merges the staging tables into the table, for one date: each key arrives once, as the row
    that would survive. An existing row takes over the values, and keeps its row id and its
    creation time; if the first of its key is a deletion marker, it is deactivated, or deleted
    if the rule has no `active`. Keys with a row in the streaming buffer wait. NULL equals
    NULL, written out, since IS NOT DISTINCT FROM in the condition of a MERGE keeps BigQuery
    from seeing the partition. -#}
{%- from "_staging.sql" import arriving, values -%}
{%- from "_survivors.sql" import set_active, settled_at -%}
{%- set main = "onerow_main" -%}
{%- set staged = "onerow_staged" -%}
MERGE INTO {{ rule.table }} AS onerow_main
USING (
  SELECT
    {%- for column in staging.columns %}
    {{ column }},
    {%- endfor %}
    {%- if staging.deleted %}
    onerow_deletes,
    {%- endif %}
    onerow_values
  FROM (
    {{ arriving(rule, window, staging) | indent(4) }}
  )
  WHERE onerow_staged
    AND onerow_rank = 1
    AND onerow_buffered = 0
) AS onerow_staged
ON {{ window.filter | of(main) }}
{%- if rule.shares_partitions %}
  AND {{ rule.date | of(main) }} = {{ rule.date | of(staged) }}
{%- endif %}
{%- if rule.active %}
  AND {{ rule.active | of(main) }}
{%- endif %}
{%- if rule.written_at %}
  AND {{ settled_at(rule.written_at | of(main)) }}
{%- endif %}
{%- for key in rule.key %}
  AND ({{ key | of(main) }} = {{ key | of(staged) }}
    OR ({{ key | of(main) }} IS NULL AND {{ key | of(staged) }} IS NULL))
{%- endfor %}
{%- if staging.deleted %}
WHEN MATCHED
  AND onerow_staged.onerow_deletes
  THEN {% if rule.active %}UPDATE {{ set_active(rule, false) | indent(2) }}{% else %}DELETE{% endif %}
{%- endif %}
{%- if staging.values %}
WHEN MATCHED
  {%- if staging.deleted %}
  AND NOT onerow_staged.onerow_deletes
  {%- endif %}
  AND {{ values(staging.values | of(main)) }} != onerow_staged.onerow_values
  THEN UPDATE SET
    {%- for column in staging.values %}
    {{ column }} = {{ column | of(staged) }}{% if not loop.last or rule.touched_at %},{% endif %}
    {%- endfor %}
    {%- if rule.touched_at %}
    {{ rule.touched_at }} = {{ rule.touched_now }}
    {%- endif %}
{%- endif %}
WHEN NOT MATCHED BY TARGET
  {%- if staging.deleted %}
  AND NOT onerow_staged.onerow_deletes
  {%- endif %}
  THEN INSERT ({{ staging.columns | commas }}{% if rule.active and not staging.has_active %}, {{ rule.active_column }}{% endif %})
  VALUES ({{ staging.columns | of(staged) | commas }}{% if rule.active and not staging.has_active %}, {{ rule.active_value }}{% endif %})
