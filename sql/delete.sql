{#- Deletes the settled superseded rows of one date, in one atomic statement. It ranks inside the
    DELETE, so that a row that arrived since detect is ranked too, and it leaves shared ids alone. -#}
{%- from "_survivors.sql" import ranked, touchable -%}
DELETE FROM {{ rule.table }}
WHERE {{ touchable(rule, window) }}
  AND {{ rule.row_id }} IN (
    SELECT row_id
    FROM (
      {{ ranked(rule, window) | indent(6) }}
    )
    WHERE place > 1
      AND copies = 1
  )
