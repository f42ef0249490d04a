-- Customers that are there twice, whole, for whoever merges them in Odoo. Grain: one row per group and customer.
with contracts as (
    select customer_key, count(*) as contracts_count, count(*) filter (where status is distinct from 'closed') as open_contracts_count
    from {{ ref('int_core__contract') }}
    where customer_key <> {{ unassigned_key() }}
    group by customer_key
)

select
    d.duplicate_kind,
    d.group_key,
    d.customer_key,
    d.matched_by,
    p.customer_name,
    c.identification_type,
    p.identification_number,
    p.phone,
    p.email,
    p.street,
    c.is_active,
    n.contracts_count,
    n.open_contracts_count,
    -- the record to keep: the one with most contracts in force, then the one that knows its number, then the oldest
    row_number() over (
        partition by d.duplicate_kind, d.group_key
        order by n.open_contracts_count desc, c.is_valid_identification desc, c.is_active desc, d.customer_key
    ) = 1 as is_suggested_survivor
from {{ ref('int_customers__duplicate') }} as d
inner join {{ ref('dim_customer') }} as c on c.customer_key = d.customer_key
inner join {{ ref('dim_customer_pii') }} as p on p.customer_key = d.customer_key
inner join contracts as n on n.customer_key = d.customer_key
