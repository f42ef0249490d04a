-- Active contracts that are excluded from billing: since when, by whom, and what they use meanwhile. Grain: one row per contract.
with excluded as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }} and is_excluded_from_billing and coalesce(status, 'active') = 'active'
),

since as (
    select * from {{ ref('int_billing__exclusion') }}
    where until_on is null
),

last_bills as (
    select distinct on (contract_key) contract_key, period_month, issued_on, total_amount
    from {{ ref('int_billing__run_document') }}
    where state = 'posted' and contract_key in (select contract_key from excluded)
    order by contract_key, issued_on desc, invoice_key desc
),

use as (
    select contract_key, sum(consumption_m3) as consumption_12m_m3, max(period_month) filter (where consumption_m3 > 0) as last_consumption_month
    from {{ ref('fct_consumption_month') }}
    where period_month > {{ last_closed_month() }} - interval '12 months' and period_month <= {{ last_closed_month() }}
        and contract_key in (select contract_key from excluded)
    group by contract_key
)

select
    e.contract_key,
    e.contract_code,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    coalesce(cu.customer_name_masked, {{ unassigned_name() }}) as customer_name_masked,
    e.started_on,
    coalesce(s.from_on, e.started_on) as excluded_since_on,
    coalesce(s.origin, 'sin rastro') as exclusion_origin,
    s.changed_by as excluded_by,
    b.period_month as last_billed_month,
    b.issued_on as last_issued_on,
    b.total_amount as last_total_amount,
    x.last_consumption_month,
    coalesce(x.consumption_12m_m3, 0)::numeric(18, 3) as consumption_12m_m3
from excluded as e
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = e.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = e.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = e.user_type_key
left join {{ ref('dim_customer') }} as cu on cu.customer_key = e.customer_key
left join since as s on s.contract_key = e.contract_key
left join last_bills as b on b.contract_key = e.contract_key
left join use as x on x.contract_key = e.contract_key
