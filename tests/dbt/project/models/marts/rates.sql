{{ config(materialized='incremental', unique_key='rate') }}
select 1.5 as rate, current_timestamp() as updated_at
