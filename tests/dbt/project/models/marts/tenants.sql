{{ config(
    materialized='incremental',
    unique_key="concat(tenant, '-', user)",
    partition_by={'field': 'tenant', 'data_type': 'int64', 'range': {'start': 0, 'end': 100, 'interval': 10}}
) }}
select 1 as tenant, 'u' as user, current_timestamp() as updated_at
