{#- Deletes rows from the removal log that one statement of this run recorded for these dates and the next one did not
    remove: the table changed in between. Projects cannot override this text. -#}
{%- from "_removals.sql" import of_run, on_its_date -%}
{%- from "_survivors.sql" import rows -%}
DELETE FROM {{ removals.table }}
WHERE {{ of_run(rule, window) }}
  AND record_id = @recorded_by
  AND {% if removed_by == "rewrite" %}removed_row{% elif window.is_one %}row_id{% else %}{{ on_its_date(rule.logged_period, "row_id" | raw) }}{% endif %} IN (
    SELECT {% if removed_by == "rewrite" %}{{ rule.row }}{% elif window.is_one %}{{ rule.row_id_json }}{% else %}{{ on_its_date(rule.period, rule.row_id_json) }}{% endif %}
    FROM {{ rows(rule, removed_by == "rewrite") }}
    WHERE {{ window.filter }}
    {%- if rule.active %}
      AND {{ rule.active }}
    {%- endif %}
  )
