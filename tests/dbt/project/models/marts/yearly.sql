{{ config(
    materialized='table',
    partition_by={'field': 'begins', 'data_type': 'timestamp', 'granularity': 'year'}
) }}
select 1 as id, timestamp '2026-01-01 00:00:00+00' as begins, current_timestamp() as created_at
