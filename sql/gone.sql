{#- The rows of one date as they were before a run: what it took out is among them. They are set aside
    before the transaction that brings it back, since no statement that changes a table may read it at
    another point in time.
    Source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#for_system_time_as_of -#}
SELECT *
FROM {{ rule.table }} FOR SYSTEM_TIME AS OF @before
WHERE {{ window.filter }}
{%- if rule.active %}
  AND {{ rule.active }}
{%- endif %}
