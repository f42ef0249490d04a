-- The commercial month: the grid keeps it dense, the sums fill it; nothing is filtered away.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

-- each row has the measures of one fact
sums as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(billed_amount) as billed_amount,
        sum(billed_water_amount) as billed_water_amount,
        sum(credited_amount) as credited_amount,
        sum(collected_amount) as collected_amount,
        sum(receivable_amount) as receivable_amount,
        sum(overdue_amount) as overdue_amount,
        sum(overdue_90_amount) as overdue_90_amount,
        sum(billed_m3) as billed_m3,
        sum(consumption_m3) as consumption_m3,
        sum(estimated_m3) as estimated_m3,
        sum(adjusted_m3) as adjusted_m3,
        sum(reversed_amount) as reversed_amount,
        sum(unapplied_credit_amount) as unapplied_credit_amount,
        sum(planned_readings)::bigint as planned_readings,
        sum(effective_readings)::bigint as effective_readings,
        sum(active_contracts)::bigint as active_contracts,
        sum(billed_contracts)::bigint as billed_contracts,
        sum(overdue_contracts)::bigint as overdue_contracts,
        sum(invoices_issued)::bigint as invoices_issued,
        sum(payments_count)::bigint as payments_count
    from {{ ref('fct_commercial_month') }}
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
left join sums using (period_month, sector_key, route_key, user_type_key)
window twelve_months as (
    partition by sector_key, route_key, user_type_key order by period_month rows between 11 preceding and current row
)
