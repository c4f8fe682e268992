{#- Deletes the settled duplicates of these dates that this run has recorded, in one atomic statement.
    The ranking is inside the DELETE, so that a row that arrived since is ranked too. Rows that share
    their id are skipped. -#}
{%- from "_removals.sql" import recorded, superseded -%}
{%- from "_survivors.sql" import rows, touchable -%}
DELETE FROM {{ rows(rule) }}
WHERE {{ touchable(rule, window) }}
  AND {{ superseded(rule, window) | indent(2) }}
  AND {{ recorded(rule, window, removals) | indent(2) }}
