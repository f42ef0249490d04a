-- Periods that a contract should have been billed and was not. A contract should be billed a period when, on the day its cycle issues, it
--   * had begun by the first day of the period (who begins within a month is billed from the next one),
--   * had not ended by then, was not cut off, and was not excluded from billing, as orders and the contract's history tell,
-- and the cycle's bills were confirmed, or the month is over. Where no cycle bills its sector, the month stands in for that day: it must have
-- been in service on all of it. Cancelled documents and drafts are no bill; a bill that was credited whole is one.
-- Grain: contract × period, offenders only.
with contracts as (
    select * from {{ ref('int_core__contract') }}
    where not (coalesce(status, '') = 'closed' and ended_on is null)
),

unbilled as (
    select
        c.*,
        p.period_month,
        sc.cycle_name,
        sc.planned_issue_on,
        coalesce(sc.planned_issue_on, p.period_month) as from_on,
        coalesce(sc.planned_issue_on, {{ month_end('p.period_month') }}) as until_on,
        p.period_month < {{ month_of(business_today()) }} as is_closed_month
    from {{ ref('int_billing__unbilled_period') }} as p
    inner join contracts as c on c.contract_key = p.contract_key
    left join {{ ref('int_billing__sector_cycle') }} as sc on sc.sector_key = c.sector_key and sc.period_month = p.period_month
    where (c.ended_on is null or c.ended_on > coalesce(sc.planned_issue_on, {{ month_end('p.period_month') }}))
        and (p.period_month < {{ month_of(business_today()) }} or sc.is_issued)
),

orders as (
    select
        contract_id as contract_key,
        order_kind,
        executed_on,
        lead(executed_on) over (partition by contract_id order by executed_on, cut_order_id) as next_executed_on
    from {{ ref('stg_odoo__cut_order') }}
    where state = 'done' and executed_on is not null
),

offenders as (
    select u.*
    from unbilled as u
    where not exists (
        select from orders as o
        where o.contract_key = u.contract_key and o.order_kind = 'cut'
            and o.executed_on <= u.until_on and (o.next_executed_on is null or o.next_executed_on > u.from_on)
    )
    and not exists (
        select from {{ ref('int_billing__exclusion') }} as x
        where x.contract_key = u.contract_key
            and (x.from_on is null or x.from_on <= u.until_on) and (x.until_on is null or x.until_on > u.from_on)
    )
)

select
    o.contract_key,
    o.contract_code,
    o.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    coalesce(cu.customer_name_masked, {{ unassigned_name() }}) as customer_name_masked,
    o.status,
    o.cycle_name,
    o.planned_issue_on,
    o.is_closed_month,
    f.consumption_kind,
    f.consumption_m3,
    b.issued_on as last_issued_on,
    b.total_amount as last_total_amount
from offenders as o
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = o.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = o.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = o.user_type_key
left join {{ ref('dim_customer') }} as cu on cu.customer_key = o.customer_key
left join lateral (
    -- of each offender the one row of its month, not of all contracts all months
    select c.consumption_kind, c.consumption_m3 from {{ ref('fct_consumption_month') }} as c
    where c.contract_key = o.contract_key and c.period_month = o.period_month
    order by c.consumption_m3
    limit 1
) as f on true
left join lateral (
    select d.issued_on, d.total_amount from {{ ref('int_billing__run_document') }} as d
    where d.contract_key = o.contract_key and d.period_month < o.period_month and d.state = 'posted'
    order by d.period_month desc, d.issued_on desc
    limit 1
) as b on true
