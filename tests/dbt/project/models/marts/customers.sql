{{ config(materialized='table') }}
select 1 as customer_id, 'a@example.com' as email, true as is_active, current_timestamp() as updated_at
