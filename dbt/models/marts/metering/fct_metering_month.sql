-- The month of metering without its empty places: each CTE adds one fact up. What `mart_metering__month` fills the grid from.
-- A month of which any fact changed is added up again, and only that.
-- Grain: month × sector × route × user type where anything happened.
{% set touched %}{% raw %}{{ changed_months_of([
    ref('fct_consumption_attributed_month'), ref('fct_consumption_month'), ref('fct_reading'), ref('int_metering__meter_month'),
    ref('int_core__contract_month')
]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month']}},
) }}

with consumption as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(booked_m3) as booked_m3,
        sum(attributed_m3) as attributed_m3,
        sum(attributed_m3) filter (where attribution = 'estimated') as unread_m3,
        sum(abs(regularisation_m3)) as regularised_m3
    from {{ ref('fct_consumption_attributed_month') }}
    where {{ is_touched('period_month') }}
    group by 1, 2, 3, 4
),

adjusted as (
    select period_month, sector_key, route_key, user_type_key, sum(consumption_m3) as adjusted_m3
    from {{ touched_months_of(ref('fct_consumption_month'), 'period_month') }}
    where consumption_kind = 'adjusted'
    group by 1, 2, 3, 4
),

readings as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as planned_readings,
        count(*) filter (where incident <> 'none') as incident_readings
    from {{ ref('fct_reading') }}
    where {{ is_touched('period_month') }}
    group by 1, 2, 3, 4
),

meters as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as meters_in_service,
        count(age_years) as aged_meters,
        sum(age_years) as meter_age_years,
        count(*) filter (where is_over_age or is_over_volume) as expired_meters,
        sum(measured_m3) as measured_m3,
        sum(under_registered_m3) as under_registered_m3
    from {{ ref('int_metering__meter_month') }}
    where {{ is_touched('period_month') }}
    group by 1, 2, 3, 4
),

working as (
    select distinct contract_key, period_month
    from {{ ref('int_metering__meter_month') }}
    where is_working and {{ is_touched('period_month') }}
),

contracts as (
    select contract_key, period_month, sector_key, route_key, user_type_key
    from {{ touched_months_of(ref('int_core__contract_month'), 'period_month') }}
),

connections as (
    select
        c.period_month,
        c.sector_key,
        c.route_key,
        c.user_type_key,
        count(*) as connections,
        count(w.contract_key) as metered_connections
    from contracts as c
    left join working as w on w.contract_key = c.contract_key and w.period_month = c.period_month
    group by 1, 2, 3, 4
)

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    consumption.booked_m3,
    consumption.attributed_m3,
    consumption.unread_m3,
    consumption.regularised_m3,
    adjusted.adjusted_m3,
    readings.planned_readings,
    readings.incident_readings,
    connections.connections,
    connections.metered_connections,
    meters.meters_in_service,
    meters.aged_meters,
    meters.meter_age_years,
    meters.expired_meters,
    meters.measured_m3,
    meters.under_registered_m3
from consumption
full join adjusted using (period_month, sector_key, route_key, user_type_key)
full join readings using (period_month, sector_key, route_key, user_type_key)
full join meters using (period_month, sector_key, route_key, user_type_key)
full join connections using (period_month, sector_key, route_key, user_type_key)
