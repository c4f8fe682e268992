{#- For the keys that have rows but no active one: the runs that removed rows of them, and the number of such keys. Looks
    back a year, so that the log is not read as a whole. Changes nothing. DISTINCT makes the embedded warehouse write each
    id as JSON once, and not for each pair. -#}
{%- from "_survivors.sql" import date, inside, row_id, source -%}
SELECT
  removed.run_id,
  COUNT(DISTINCT keyless.key) AS keys
FROM (
  SELECT DISTINCT
    {% if rule.row_id_is_json %}row_id{% else %}TO_JSON_STRING(row_id){% endif %} AS row_id,
    TO_JSON_STRING(STRUCT(date{% for key in rule.key %}, key_{{ loop.index }}{% endfor %})) AS key
  FROM (
    SELECT
      {{ date(rule) }} AS date,
      {%- for key in rule.key %}
      {{ key }} AS key_{{ loop.index }},
      {%- endfor %}
      {{ row_id(rule) }} AS row_id,
      COUNT({% if rule.active %}IF({{ rule.active }}, 1, NULL){% else %}*{% endif %}) OVER (PARTITION BY {% if rule.across %}onerow_group{% else %}{{ rule.date }}{% endif %}, {{ rule.key | commas }}) AS active_of_key
      {%- if rule.across %},
      onerow_inside
      {%- endif %}
    {{ source(rule, window, true, named=not rule.row_id_parts) | indent(4) }}
  )
  WHERE active_of_key = 0
    {{- inside(rule) | indent(2) }}
) AS keyless
JOIN {{ removals.table }} AS removed
  ON removed.row_id = keyless.row_id
WHERE removed.run_started_at >= @removed_since
  AND removed.rule = {{ rule.name }}
GROUP BY removed.run_id
ORDER BY removed.run_id
