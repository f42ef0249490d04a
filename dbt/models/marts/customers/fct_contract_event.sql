-- Contracts that began, ended, or passed to another customer, with the sector, route and user type that they had that day.
-- Grain: one row per contract, kind and day.
select
    e.contract_key,
    e.event_kind,
    e.event_on,
    coalesce(f.customer_key, case when e.event_kind = 'cambio_titular' then {{ unassigned_key() }} end) as from_customer_key,
    coalesce(t.customer_key, case when e.event_kind = 'cambio_titular' then {{ unassigned_key() }} end) as to_customer_key,
    c.sector_key,
    c.route_key,
    c.municipality_key,
    c.user_type_key
from {{ ref('int_customers__contract_event') }} as e
inner join {{ ref('int_core__contract_version') }} as c on {{ version_of('c', 'e.contract_key', 'e.event_on') }}
left join {{ ref('dim_customer') }} as f on f.customer_key = e.from_customer_key
left join {{ ref('dim_customer') }} as t on t.customer_key = e.to_customer_key
