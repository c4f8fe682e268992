{#- Deactivates the settled superseded rows of one date, in one atomic statement. It ranks inside
    the UPDATE, so that a row that arrived since detect is ranked too, and it leaves twins alone. -#}
{%- from "_survivors.sql" import ranked, settled -%}
UPDATE {{ rule.table }}
SET
  {{ rule.active }} = FALSE
  {%- if rule.touched_at %},
  {{ rule.touched_at }} = {{ rule.touched_now }}
  {%- endif %}
WHERE {{ window.filter }}
  AND {{ rule.active }}
  {%- if rule.written_at %}
  AND {{ settled(rule) }}
  {%- endif %}
  AND {{ rule.row_id }} IN (
    SELECT row_id
    FROM (
      {{ ranked(rule, window) | indent(6) }}
    )
    WHERE place > 1
      AND copies = 1
  )
