-- The water balance by sector, named, with what its ratios divide by. The measures of a month without balance are NULL on both sides of each ratio.
-- Grain: sector with inlets × closed month since telemetry began, dense.
with balances as (
    select * from {{ ref('fct_water_balance_month') }}
)

select
    b.period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    b.coverage_ratio,
    b.has_balance,
    b.connections,
    (case when b.has_balance then b.connections * b.days_in_month end)::bigint as connection_days,
    b.system_input_m3,
    b.billed_metered_m3,
    b.billed_estimated_m3,
    (case when b.has_balance then b.billed_metered_m3 + b.billed_estimated_m3 end)::numeric(18, 3) as billed_authorised_m3,
    (b.unbilled_metered_m3 + b.unbilled_unmetered_m3)::numeric(18, 3) as unbilled_authorised_m3,
    b.non_revenue_m3,
    b.apparent_losses_m3,
    b.real_losses_m3,
    (case when b.has_balance then b.unavoidable_m3 end)::numeric(18, 3) as unavoidable_m3,
    (case when b.has_balance and b.unavoidable_m3 > 0 then b.real_losses_m3 end)::numeric(18, 3) as indexed_losses_m3,
    b.min_night_flow_m3h
from balances as b
inner join {{ ref('int_core__sector') }} as s on s.sector_key = b.sector_key
