-- Whole identity of customers, for caudal_pii only (meta.pii). Grain: one row per customer.
select
    customer_id as customer_key,
    customer_name,
    identification_number,
    coalesce(mobile, phone) as phone,
    email,
    nullif(concat_ws(', ', street, city), '') as street
from {{ ref('stg_odoo__customer') }}
