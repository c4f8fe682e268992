{#- Takes one date of an undo back: takes out the rows that it brought back, and no others, where they
    are superseded still. -#}
{%- from "_audit.sql" import standing, superseded_again -%}
{%- from "_survivors.sql" import replacing, set_active, touchable -%}
{%- if rule.strategy == "rewrite" -%}
MERGE INTO {{ rule.table }} AS onerow_target
USING (
  SELECT * EXCEPT (onerow_place, onerow_settled, onerow_state, onerow_nth, onerow_times)
  FROM (
    {{ standing(rule, window, audit) | indent(4) }}
  )
  WHERE onerow_settled
    AND NOT (onerow_place > 1 AND onerow_nth <= onerow_times)
) AS onerow_survivor
{{ replacing(rule, window) }}
{%- else -%}
{%- if rule.strategy == "delete" -%}
DELETE FROM {{ rule.table }}
{%- else -%}
UPDATE {{ rule.table }}
{{ set_active(rule, false) }}
{%- endif %}
WHERE {{ touchable(rule, window) }}
  AND {{ rule.row_id }} IN (
    SELECT id
    FROM (
      {{ superseded_again(rule, window, audit) | indent(6) }}
    )
  )
{%- endif %}
