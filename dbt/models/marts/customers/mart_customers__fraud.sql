-- Customers marked for fraud, once or more, masked. Grain: one row per customer that was ever marked.
with episodes as (
    select
        customer_key,
        count(*) as episodes_count,
        min(flagged_on) as first_flagged_on,
        max(flagged_on) as last_flagged_on,
        bool_or(lifted_on is null) as is_flagged
    from {{ ref('int_customers__fraud_episode') }}
    group by customer_key
)

select
    e.customer_key,
    c.customer_name_masked,
    c.identification_masked,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    coalesce(h.contract_code, {{ unassigned_code() }}) as contract_code,
    e.episodes_count,
    e.episodes_count > 1 as is_repeat,
    e.is_flagged,
    e.first_flagged_on,
    e.last_flagged_on
from episodes as e
inner join {{ ref('dim_customer') }} as c on c.customer_key = e.customer_key
left join {{ ref('int_customers__home') }} as h on h.customer_key = e.customer_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = coalesce(h.sector_key, {{ unassigned_key() }})
inner join {{ ref('int_core__route') }} as r on r.route_key = coalesce(h.route_key, {{ unassigned_key() }})
