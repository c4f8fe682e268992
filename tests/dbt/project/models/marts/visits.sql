{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by={'field': 'visited_at', 'data_type': 'datetime', 'granularity': 'day'},
    alias='web_visits',
    schema='web'
) }}
select 'v' as visit_id, datetime '2026-01-28 00:00:00' as visited_at, current_timestamp() as inserted_at
