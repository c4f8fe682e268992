{{ config(
    materialized='incremental',
    unique_key='arrival_id',
    partition_by={'field': 'arrived_at', 'data_type': 'timestamp', 'time_ingestion_partitioning': true}
) }}
select 'a' as arrival_id, 1 as version
