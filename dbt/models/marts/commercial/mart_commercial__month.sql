-- The commercial month: the grid keeps it dense, the sums fill it; nothing is filtered away.
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
    coalesce(sums.billed_amount, 0) as billed_amount,
    coalesce(sums.billed_water_amount, 0) as billed_water_amount,
    coalesce(sums.credited_amount, 0) as credited_amount,
    coalesce(sums.collected_amount, 0) as collected_amount,
    coalesce(sums.receivable_amount, 0) as receivable_amount,
    coalesce(sums.overdue_amount, 0) as overdue_amount,
    coalesce(sums.overdue_90_amount, 0) as overdue_90_amount,
    -- dense: twelve rows are twelve months; with fewer there is no annual billing to speak of
    case when count(*) over twelve_months = 12 then sum(coalesce(sums.billed_amount, 0)) over twelve_months end as billed_12m_amount,
    coalesce(sums.billed_m3, 0) as billed_m3,
    coalesce(sums.consumption_m3, 0) as consumption_m3,
    coalesce(sums.estimated_m3, 0) as estimated_m3,
    coalesce(sums.adjusted_m3, 0) as adjusted_m3,
    coalesce(sums.planned_readings, 0) as planned_readings,
    coalesce(sums.effective_readings, 0) as effective_readings,
    coalesce(sums.active_contracts, 0) as active_contracts,
    coalesce(sums.billed_contracts, 0) as billed_contracts,
    coalesce(sums.overdue_contracts, 0) as overdue_contracts,
    coalesce(sums.invoices_issued, 0) as invoices_issued,
    coalesce(sums.payments_count, 0) as payments_count,
    coalesce(sums.reversed_amount, 0) as reversed_amount,
    coalesce(sums.unapplied_credit_amount, 0) as unapplied_credit_amount
from grid
left join {{ ref('fct_commercial_month') }} as sums using (period_month, sector_key, route_key, user_type_key)
window twelve_months as (
    partition by sector_key, route_key, user_type_key order by period_month rows between 11 preceding and current row
)
