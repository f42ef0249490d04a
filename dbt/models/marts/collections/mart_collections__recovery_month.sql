-- What the money of each month settled: surcharges or capital, and debt of more than 90 days; and what surcharges were billed meanwhile.
-- By the date of application. A payment that is reversed settled nothing, and leaves its month when it is.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

settled as (
    select
        {{ month_of('allocated_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(allocated_amount) as settled_by_cash_amount,
        sum(surcharge_allocated_amount) as surcharges_collected_amount,
        sum(capital_allocated_amount) as capital_collected_amount,
        sum(allocated_amount) filter (where days_past_due > 0) as overdue_recovered_amount,
        sum(allocated_amount) filter (where days_past_due > 90) as old_debt_recovered_amount
    from {{ ref('int_collections__allocation_component') }}
    where allocation_kind = 'pago'
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
    coalesce(billed.surcharges_billed_amount, 0) as surcharges_billed_amount,
    coalesce(settled.settled_by_cash_amount, 0) as settled_by_cash_amount,
    coalesce(settled.surcharges_collected_amount, 0) as surcharges_collected_amount,
    coalesce(settled.capital_collected_amount, 0) as capital_collected_amount,
    coalesce(settled.overdue_recovered_amount, 0) as overdue_recovered_amount,
    coalesce(settled.old_debt_recovered_amount, 0) as old_debt_recovered_amount
from grid
left join {{ ref('fct_billing_month') }} as billed using (period_month, sector_key, route_key, user_type_key)
left join settled using (period_month, sector_key, route_key, user_type_key)
