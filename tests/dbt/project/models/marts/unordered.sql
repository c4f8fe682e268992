{{ config(materialized='incremental', unique_key='code') }}
select 'c' as code, 'd' as description
