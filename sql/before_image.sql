{#- The rows of one date from before an earlier run's statement, in a separate table for a day, since no statement
    that changes a table may read it at another point in time.
    Source: https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#for_system_time_as_of -#}
CREATE OR REPLACE TABLE {{ removals.before_image }}
OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))
AS
SELECT
  *
  {%- if rule.by_arrival %},
  _PARTITIONTIME AS onerow_arrived
  {%- endif %}
FROM {{ rule.table }} FOR SYSTEM_TIME AS OF {{ before }}
{%- if rule.namesake %}
WHERE {{ window.filter | of(rule.namesake) }}
{%- if rule.active %}
  AND {{ rule.active | of(rule.namesake) }}
{%- endif %}
{%- else %}
WHERE {{ window.filter }}
{%- if rule.active %}
  AND {{ rule.active }}
{%- endif %}
{%- endif %}
