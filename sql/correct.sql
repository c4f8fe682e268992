{#- Takes out of the removal log what this run recorded for one date and did not remove: the table
    changed in between. No project overrides this text. -#}
{%- from "_removals.sql" import of_run -%}
{%- from "_survivors.sql" import rows -%}
DELETE FROM {{ removals.table }}
WHERE {{ of_run(rule, window) }}
  AND {% if removed_by == "rewrite" %}removed_row{% else %}row_id{% endif %} IN (
    SELECT {% if removed_by == "rewrite" %}{{ rule.row }}{% else %}{{ rule.row_id_json }}{% endif %}
    FROM {{ rows(rule, removed_by == "rewrite") }}
    WHERE {{ window.filter }}
    {%- if rule.active %}
      AND {{ rule.active }}
    {%- endif %}
  )
