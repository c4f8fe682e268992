{{ config(
    materialized='incremental',
    unique_key=['day', 'shop'],
    partition_by={'field': 'day', 'data_type': 'int64', 'range': {'start': 20200101, 'end': 20301231, 'interval': 1}}
) }}
select 20260128 as day, 's' as shop, current_timestamp() as modified_at
