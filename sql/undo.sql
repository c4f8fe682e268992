{#- Takes one date of a run back: brings back the rows that it took out, and no others. -#}
{%- from "_audit.sql" import brought_back, deactivated -%}
{%- from "_survivors.sql" import set_active, settled -%}
{%- if rule.strategy == "deactivate" -%}
UPDATE {{ rule.table }}
{{ set_active(rule, true) }}
WHERE {{ window.filter }}
  AND NOT {{ rule.active }}
  {%- if rule.written_at %}
  AND {{ settled(rule) }}
  {%- endif %}
  AND {{ rule.row_id }} IN (
    SELECT id
    FROM (
      {{ deactivated(rule, window, audit) | indent(6) }}
    )
  )
{%- else -%}
INSERT INTO {{ rule.table }}
SELECT * EXCEPT (onerow_state, onerow_nth, onerow_times)
FROM (
  SELECT
    gone.*,
    kept.times AS onerow_times
  FROM (
    SELECT
      onerow_row.*,
      TO_JSON_STRING(onerow_row) AS onerow_state,
      ROW_NUMBER() OVER (PARTITION BY TO_JSON_STRING(onerow_row)) AS onerow_nth
    FROM onerow_gone AS onerow_row
  ) AS gone
  JOIN (
    {{ brought_back(audit) | indent(4) }}
  ) AS kept
    ON kept.state = gone.onerow_state
)
WHERE onerow_nth <= onerow_times
{%- endif %}
