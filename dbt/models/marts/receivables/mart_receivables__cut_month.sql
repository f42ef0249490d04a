-- Cuts and reconnections by month, and whom nobody ordered to cut. Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

ordered as (
    select
        {{ month_of('ordered_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) filter (where order_kind = 'corte') as cuts_ordered,
        count(*) filter (where order_kind = 'reconexion') as reconnections_ordered
    from {{ ref('fct_cut_order') }}
    group by 1, 2, 3, 4
),

executed as (
    select
        {{ month_of('executed_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) filter (where order_kind = 'corte') as cuts_executed,
        count(*) filter (where order_kind = 'reconexion') as reconnections_executed
    from {{ ref('fct_cut_order') }}
    where executed_on is not null
    group by 1, 2, 3, 4
),

-- debt old enough to be cut for, of contracts that had service at the month end
debtors as (
    select *, {{ month_end('period_month') }} as month_end_on from {{ ref('fct_cut_debtor_month') }}
),

pending as (
    select distinct d.contract_key, d.period_month
    from debtors as d
    inner join {{ ref('int_receivables__cut_span') }} as s on s.contract_key = d.contract_key and s.span_kind = 'corte_pendiente'
        and s.from_on <= d.month_end_on and (s.until_on is null or s.until_on > d.month_end_on)
),

-- cuttable as it was then, not as it is now; a contract's first version also holds for the days before it
cuttable as (
    select
        d.*,
        p.contract_key is not null as has_pending_cut_order
    from debtors as d
    left join pending as p on p.contract_key = d.contract_key and p.period_month = d.period_month
    inner join {{ ref('dim_contract_history') }} as h on h.contract_key = d.contract_key and h.is_cuttable
        and (h.version_number = 1 or {{ business_date('h.valid_from') }} <= d.month_end_on)
        and (h.valid_to is null or {{ business_date('h.valid_to') }} > d.month_end_on)
    where not exists (
        select from {{ ref('int_agreements__agreement') }} as g
        where g.contract_key = d.contract_key and {{ agreement_in_force('g', 'd.month_end_on') }}
    )
),

waiting as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as cuttable_debtors,
        count(*) filter (where not has_pending_cut_order) as cuttable_debtors_without_order
    from cuttable
    group by 1, 2, 3, 4
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(ordered.cuts_ordered, 0) as cuts_ordered,
    coalesce(executed.cuts_executed, 0) as cuts_executed,
    coalesce(ordered.reconnections_ordered, 0) as reconnections_ordered,
    coalesce(executed.reconnections_executed, 0) as reconnections_executed,
    coalesce(waiting.cuttable_debtors, 0) as cuttable_debtors,
    coalesce(waiting.cuttable_debtors_without_order, 0) as cuttable_debtors_without_order
from grid
left join ordered using (period_month, sector_key, route_key, user_type_key)
left join executed using (period_month, sector_key, route_key, user_type_key)
left join waiting using (period_month, sector_key, route_key, user_type_key)
