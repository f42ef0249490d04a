-- Customers that are there twice, without what identifies them. Grain: one row per group and customer.
select
    d.duplicate_kind,
    d.group_key,
    d.customer_key,
    d.matched_by,
    c.customer_name_masked,
    c.identification_type,
    c.identification_masked,
    d.is_active,
    d.contracts_count,
    d.open_contracts_count,
    d.is_suggested_survivor,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code
from {{ ref('mart_customers__duplicate') }} as d
inner join {{ ref('dim_customer') }} as c on c.customer_key = d.customer_key
inner join {{ ref('int_customers__home') }} as h on h.customer_key = d.customer_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = h.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = h.route_key
