{{ config(
    materialized='table',
    partition_by={'field': 'month', 'data_type': 'date', 'granularity': 'month'}
) }}
select date '2026-01-01' as month, 'west' as region, 1 as version
