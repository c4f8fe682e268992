{{ config(
    materialized='incremental',
    unique_key='order_id',
    partition_by={'field': 'order_date', 'data_type': 'date'},
    cluster_by=['customer_id', 'status'],
    merge_update_columns=['status', 'updated_at']
) }}
select 1 as order_id, date '2026-01-28' as order_date, 7 as customer_id, 'new' as status, current_timestamp() as updated_at
