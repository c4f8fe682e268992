{#- The rows that an earlier run recorded before it removed them, each with its survivor. Changes nothing. -#}
SELECT
  date,
  record_id,
  row_id,
  survivor_row_id,
  rank,
  keep_values,
  survivor_keep_values
  {%- if rule.merged %},
  removed_row,
  survivor_before,
  survivor_after
  {%- endif %}
FROM {{ removals.table }}
WHERE run_id = @undone_run
  AND run_started_at = @undone_run_started_at
  AND rule = {{ rule.name }}
ORDER BY date, survivor_row_id, rank
