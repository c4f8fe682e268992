{#- Counts, per date, the rows that one statement of this run has written into the removal log, without those deleted from
    it again. Changes nothing. -#}
SELECT
  date,
  COUNT(*) AS recorded
FROM {{ removals.table }}
WHERE run_id = @run_id
  AND run_started_at = @run_started_at
  AND record_id = @recorded_by
  AND rule = {{ rule.name }}
  AND {{ window.logged }}
GROUP BY date
ORDER BY date
