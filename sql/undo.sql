{#- Restores exactly the rows of one date that one statement of an earlier run removed: those that it
    recorded, that are not active now, and that can be distinguished from every other row. A merged survivor
    gets its former values back. -#}
{%- from "_merged.sql" import as_after, is_as_left -%}
{%- from "_removals.sql" import keep_values, of_undone, set_aside, times_undone -%}
{%- from "_survivors.sql" import rows, set_active, settled, settled_at -%}
{%- if removed_by == "deactivate" -%}
UPDATE {{ rows(rule) }}
{{ set_active(rule, true) }}
WHERE {{ window.filter }}
  AND NOT {{ rule.active }}
  {%- if rule.written_at %}
  AND {{ settled(rule) }}
  {%- endif %}
  AND {{ rule.row_id }} IN (
    SELECT found.id
    FROM (
      SELECT
        {{ rule.row_id }} AS id,
        {{ rule.row_id_json }} AS row_id,
        {{ keep_values(rule) }} AS keep_values,
        COUNT(*) OVER (PARTITION BY {{ rule.row_id_parts | commas }}) AS copies
      FROM {{ rows(rule) }}
      WHERE {{ window.filter }}
    ) AS found
    JOIN {{ removals.table }} AS removed
      ON removed.row_id = found.row_id
      AND removed.keep_values = found.keep_values
    WHERE found.copies = 1
      AND {{ of_undone(rule, window, true) | indent(4) }}
  )
{%- elif rule.merged -%}
MERGE INTO {{ rule.table }} AS onerow_target
USING (
  SELECT
    before_image.*,
    IF(before_image.onerow_nth > COALESCE(removed.times, 0), survivors.survivor_after, NULL) AS onerow_after
  FROM (
    {{ set_aside(rule, removals) | indent(4) }}
  ) AS before_image
  LEFT JOIN (
    {{ times_undone(rule, window, removals, is_as_left(rule, window)) | indent(4) }}
  ) AS removed
    ON removed.removed_row = before_image.onerow_json
  LEFT JOIN (
    SELECT DISTINCT
      survivor_before,
      survivor_after
    FROM {{ removals.table }}
    WHERE {{ of_undone(rule, window) | indent(4) }}
      AND {{ is_as_left(rule, window) | indent(6) }}
  ) AS survivors
    ON survivors.survivor_before = before_image.onerow_json
  WHERE before_image.onerow_nth <= COALESCE(removed.times, 0) + IF(survivors.survivor_after IS NULL, 0, 1)
) AS onerow_before
ON {{ window.filter | of("onerow_target") }}
{%- if rule.written_at %}
  AND {{ settled_at(rule.written_at | of("onerow_target")) }}
{%- endif %}
  AND onerow_before.onerow_after IS NOT NULL
  AND {{ as_after(rule, "onerow_target") }} = onerow_before.onerow_after
WHEN MATCHED
  THEN UPDATE SET {% for column in rule.merged %}{{ column }} = onerow_before.{{ column }}{% if not loop.last %}, {% endif %}{% endfor %}
WHEN NOT MATCHED BY TARGET
  AND onerow_before.onerow_after IS NULL
  THEN INSERT ({% if rule.by_arrival %}_PARTITIONTIME, {% endif %}{{ columns | commas }})
    VALUES ({% if rule.by_arrival %}onerow_before.onerow_arrived, {% endif %}{% for column in columns %}onerow_before.{{ column }}{% if not loop.last %}, {% endif %}{% endfor %})
{%- else -%}
INSERT INTO {{ rule.table }} ({% if rule.by_arrival %}_PARTITIONTIME, {% endif %}{{ columns | commas }})
SELECT
  {% if rule.by_arrival %}onerow_arrived, {% endif %}{{ columns | commas }}
FROM (
{%- if removed_by == "delete" %}
  SELECT
    *
  FROM {{ removals.before_image }}
  WHERE {{ rule.row_id_json }} IN (
    SELECT row_id
    FROM {{ removals.table }}
    WHERE {{ of_undone(rule, window) | indent(4) }}
  )
    AND {{ rule.row_id_json }} NOT IN (
      SELECT {{ rule.row_id_json }}
      FROM {{ rows(rule) }}
      WHERE {{ window.filter }}
      {%- if rule.active %}
        AND {{ rule.active }}
      {%- endif %}
    )
{%- else %}
  SELECT
    before_image.*,
    removed.times AS onerow_times
  FROM (
    {{ set_aside(rule, removals) | indent(4) }}
  ) AS before_image
  JOIN (
    {{ times_undone(rule, window, removals) | indent(4) }}
  ) AS removed
    ON removed.removed_row = before_image.onerow_json
  WHERE before_image.onerow_nth <= removed.times
{%- endif %}
)
{%- endif %}
