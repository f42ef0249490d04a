-- Which meters to change first: those past a limit, those that do not work, and those that pay for themselves soon, by the revenue that a new one
-- recovers. Recovered m³ a year = what the meter registered in its last twelve months ÷ (1 − its error) × (its error − a new one's). Its price:
-- RD$ of water per m³ of the contract's last twelve months of invoices, else of its user type. A meter that does not work registered little or
-- nothing to reason from: it stands in the plan for its condition, at the end unless it registered in the year. Grain: one row per candidate.
{% set first_month = '(' ~ last_closed_month() ~ " - interval '11 months')::date" %}

with meters as (
    select * from {{ ref('mart_metering__meter') }}
),

classes as (
    select * from {{ ref('int_metering__meter') }}
),

registered as (
    select meter_key, sum(measured_m3) as measured_12m_m3
    from {{ ref('int_metering__meter_month') }}
    where period_month >= {{ first_month }}
    group by meter_key
),

water as (
    select contract_key, user_type_key, sum(line_amount) as water_amount, sum(billed_m3) as billed_m3
    from {{ ref('fct_invoice_line') }}
    -- bounds that prune partitions
    where issued_on >= {{ first_month }} and issued_on < {{ month_of(business_today()) }} and concept_type = 'agua'
    group by contract_key, user_type_key
),

prices as (
    select contract_key, sum(water_amount) / nullif(sum(billed_m3), 0) as price
    from water
    group by contract_key
    having sum(billed_m3) > 0 and sum(water_amount) > 0
),

type_prices as (
    select user_type_key, sum(water_amount) / nullif(sum(billed_m3), 0) as price
    from water
    group by user_type_key
),

estimated as (
    select
        m.*,
        k.user_type_key,
        k.initial_error_ratio,
        k.replacement_cost_amount,
        coalesce(r.measured_12m_m3, 0) as measured_12m_m3,
        round(coalesce(p.price, t.price, 0), 2) as price_amount,
        round(
            coalesce(r.measured_12m_m3, 0) / (1 - m.error_ratio) * greatest(m.error_ratio - k.initial_error_ratio, 0), 3
        ) as recovered_m3
    from meters as m
    inner join classes as k on k.meter_key = m.meter_key
    left join registered as r on r.meter_key = m.meter_key
    left join prices as p on p.contract_key = m.contract_key
    left join type_prices as t on t.user_type_key = k.user_type_key
),

valued as (
    select
        *,
        round(recovered_m3 * price_amount, 2) as recovered_amount,
        case
            when round(recovered_m3 * price_amount, 2) > 0 then round(replacement_cost_amount / round(recovered_m3 * price_amount, 2), 2)
        end as payback_years
    from estimated
)

select
    (row_number() over (order by recovered_amount desc, is_working, age_years desc nulls last, meter_key))::integer as plan_rank,
    meter_key,
    meter_serial,
    diameter_mm,
    meter_class,
    contract_key,
    contract_code,
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    route_code,
    user_type_name,
    age_years,
    accumulated_m3,
    is_working,
    limit_status,
    concat_ws(
        ', ',
        case when not is_working then 'no funciona' end,
        case when is_over_age then 'edad' end,
        case when is_over_volume then 'volumen' end,
        case when payback_years <= {{ metering_rule('renewal_payback_years') }} then 'se paga' end
    ) as renewal_reason,
    error_ratio,
    measured_12m_m3::numeric(18, 3) as measured_12m_m3,
    recovered_m3::numeric(18, 3) as recovered_m3,
    price_amount::numeric(18, 2) as price_amount,
    recovered_amount::numeric(18, 2) as recovered_amount,
    replacement_cost_amount::numeric(18, 2) as replacement_cost_amount,
    payback_years::numeric(12, 2) as payback_years
from valued
where not is_working or is_over_age or is_over_volume or payback_years <= {{ metering_rule('renewal_payback_years') }}
