{#- Counts the rows that the UPDATE of a custom step would remove, per date: rows, keys that would lose their last active
    row, and rows skipped since they share their id. Changes nothing. -#}
{%- from "_custom.sql" import judged -%}
SELECT
  date,
  COUNTIF(removes{% if not custom.may_remove_keys %} AND others > 0{% endif %}) AS removed,
  COUNTIF(others = 0 AND rank = 1) AS keys_lost,
  COUNTIF(NOT removes) AS shared_ids
FROM (
{{ judged(rule, window, custom) }}
)
WHERE matches
GROUP BY date
ORDER BY date
