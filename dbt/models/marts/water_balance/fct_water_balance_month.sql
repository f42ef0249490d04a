-- The water balance of the IWA, from the top down, where inlets are measured. Consumption is that of the month in which it was used (attributed),
-- of contracts with an invoice of the month (billed) and without (unbilled); the tariff's minimum is money, not water. A month whose meters were
-- silent too long has no balance: NULL, not zero. Losses may be negative in one month, since readings are not taken on its last day; look at
-- several. Grain: one row per sector with inlets and closed month since its telemetry began.
with days as (
    select * from {{ ref('int_telemetry__sector_day') }}
    where period_month <= {{ last_closed_month() }}
),

assumptions as (
    select
        max(value) filter (where assumption = 'unbilled_unmetered_ratio') as unbilled_unmetered_ratio,
        max(value) filter (where assumption = 'unauthorised_ratio') as unauthorised_ratio,
        max(value) filter (where assumption = 'data_handling_ratio') as data_handling_ratio,
        max(value) filter (where assumption = 'min_coverage_ratio') as min_coverage_ratio
    from {{ ref('water_balance_assumptions') }}
),

supplied as (
    select
        sector_key,
        period_month,
        sum(supplied_m3) as supplied_m3,
        sum(known_hours) as known_hours,
        max(expected_hours) as expected_hours_a_day,
        percentile_cont(0.5) within group (order by min_night_flow_m3h) as min_night_flow_m3h
    from days
    group by sector_key, period_month
),

-- dense: from the first telemetry of all to the last closed month, for every sector that ever had one
months as (
    select sectors.sector_key, m.period_month, m.month_end_on, (m.month_end_on - m.period_month + 1) as days_in_month
    from (select distinct sector_key from days) as sectors
    cross join {{ ref('int_core__closed_month') }} as m
    where m.period_month >= (select min(period_month) from days)
),

network as (
    select s.sector_key, n.mains_km, n.service_pipe_km, n.pressure_m
    from {{ ref('stg_telemetry__network') }} as n
    inner join {{ ref('int_core__sector') }} as s on s.sector_code = n.sector_code
),

gathered as (
    select
        m.sector_key,
        m.period_month,
        m.days_in_month,
        least(coalesce(s.known_hours::numeric / nullif(s.expected_hours_a_day * m.days_in_month, 0), 0), 1) as coverage_ratio,
        s.supplied_m3,
        s.min_night_flow_m3h,
        coalesce(u.billed_metered_m3, 0) as billed_metered_m3,
        coalesce(u.billed_estimated_m3, 0) as billed_estimated_m3,
        coalesce(u.unbilled_metered_m3, 0) as unbilled_metered_m3,
        coalesce(u.under_registered_m3, 0) as under_registered_m3,
        coalesce(u.connections, 0) as connections,
        -- UARL, litres a day: (18 Lm + 0.8 Nc + 25 Lp) × P (Lambert et al. 1999; IWA, AWWA M36)
        round(
            (18 * n.mains_km + 0.8 * coalesce(u.connections, 0) + 25 * n.service_pipe_km) * n.pressure_m * m.days_in_month / 1000, 3
        ) as unavoidable_m3
    from months as m
    left join supplied as s on s.sector_key = m.sector_key and s.period_month = m.period_month
    left join {{ ref('fct_water_use_month') }} as u on u.sector_key = m.sector_key and u.period_month = m.period_month
    left join network as n on n.sector_key = m.sector_key
),

covered as (
    select
        g.*,
        case when g.coverage_ratio >= a.min_coverage_ratio then g.supplied_m3 end as system_input_m3,
        a.unbilled_unmetered_ratio,
        a.unauthorised_ratio,
        round(g.billed_metered_m3 * a.data_handling_ratio, 3) as data_handling_m3
    from gathered as g
    cross join assumptions as a
),

assumed as (
    select
        *,
        round(system_input_m3 * unbilled_unmetered_ratio, 3) as unbilled_unmetered_m3,
        round(system_input_m3 * unauthorised_ratio, 3) as unauthorised_m3,
        system_input_m3 - billed_metered_m3 - billed_estimated_m3 as non_revenue_m3
    from covered
)

select
    sector_key,
    period_month,
    days_in_month::integer as days_in_month,
    round(coverage_ratio, 4)::numeric(8, 4) as coverage_ratio,
    system_input_m3 is not null as has_balance,
    connections,
    system_input_m3::numeric(18, 3) as system_input_m3,
    billed_metered_m3::numeric(18, 3) as billed_metered_m3,
    billed_estimated_m3::numeric(18, 3) as billed_estimated_m3,
    unbilled_metered_m3::numeric(18, 3) as unbilled_metered_m3,
    unbilled_unmetered_m3::numeric(18, 3) as unbilled_unmetered_m3,
    under_registered_m3::numeric(18, 3) as under_registered_m3,
    unauthorised_m3::numeric(18, 3) as unauthorised_m3,
    data_handling_m3::numeric(18, 3) as data_handling_m3,
    non_revenue_m3::numeric(18, 3) as non_revenue_m3,
    (case when system_input_m3 is not null then under_registered_m3 + unauthorised_m3 + data_handling_m3 end)::numeric(18, 3) as apparent_losses_m3,
    (non_revenue_m3 - unbilled_metered_m3 - unbilled_unmetered_m3 - under_registered_m3 - unauthorised_m3 - data_handling_m3)::numeric(18, 3)
        as real_losses_m3,
    unavoidable_m3::numeric(18, 3) as unavoidable_m3,
    min_night_flow_m3h::numeric(18, 3) as min_night_flow_m3h
from assumed
