-- What the money of each month settled: surcharges or capital, and debt of more than 90 days; and what surcharges were billed meanwhile.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
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
left join {{ ref('int_collections__recovered_month') }} as settled using (period_month, sector_key, route_key, user_type_key)
