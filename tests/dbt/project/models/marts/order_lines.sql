{{ config(
    materialized='incremental',
    unique_key=['order_id', 'line', 'ordered_at'],
    partition_by={'field': 'ordered_at', 'data_type': 'timestamp', 'granularity': 'hour'},
    require_partition_filter=true
) }}
select 1 as order_id, 1 as line, timestamp '2026-01-28 00:00:00+00' as ordered_at, current_timestamp() as _loaded_at
