{{ config(
    materialized='incremental',
    unique_key='limit_id',
    partition_by={'field': 'tenant', 'data_type': 'int64', 'range': {'start': 0, 'end': 100, 'interval': 10}},
    require_partition_filter=true
) }}
select 1 as tenant, 'l' as limit_id, current_timestamp() as updated_at
