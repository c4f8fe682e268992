{#- For the keys that have rows and no active one: which runs removed rows of them, and of how many keys.
    Changes nothing. -#}
{%- from "_survivors.sql" import rows -%}
SELECT
  removed.run_id,
  COUNT(DISTINCT keyless.key) AS keys
FROM (
  SELECT
    row_id,
    key,
    COUNT(IF(active, 1, NULL)) OVER (PARTITION BY key) AS active_of_key
  FROM (
    SELECT
      TO_JSON_STRING({{ rule.row_id }}) AS row_id,
      TO_JSON_STRING(STRUCT({{ rule.date }} AS date, {% for key in rule.key %}{{ key }} AS key_{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %})) AS key,
      {% if rule.active %}{{ rule.active }}{% else %}TRUE{% endif %} AS active
    FROM {{ rows(rule) }}
    WHERE {{ window.filter }}
  )
) AS keyless
JOIN {{ removals.table }} AS removed
  ON removed.row_id = keyless.row_id
WHERE keyless.active_of_key = 0
  AND removed.rule = {{ rule.name }}
GROUP BY removed.run_id
ORDER BY removed.run_id
