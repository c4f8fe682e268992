{#- Replaces the settled active rows of one date by the survivors among them, in one atomic statement.
    Inactive rows and buffered rows stay as they are. -#}
{%- from "_survivors.sql" import place, replacing, settled, table -%}
MERGE INTO {{ rule.table }} AS onerow_target
USING (
  SELECT * EXCEPT (onerow_place, onerow_settled)
  FROM (
    SELECT
      *,
      {{ place(rule) | indent(6) }} AS onerow_place,
      {{ settled(rule) }} AS onerow_settled
    FROM {{ table(rule) }}
    WHERE {{ window.filter }}
    {%- if rule.active %}
      AND {{ rule.active }}
    {%- endif %}
  )
  WHERE onerow_place = 1
    AND onerow_settled
) AS onerow_survivor
{{ replacing(rule, window) }}
