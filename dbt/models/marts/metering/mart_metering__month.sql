-- The month of metering: what was used and how that is known, readings and incidents, connections with a meter that works, the park's age and error.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

consumption as (
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
    group by 1, 2, 3, 4
),

adjusted as (
    select period_month, sector_key, route_key, user_type_key, sum(consumption_m3) as adjusted_m3
    from {{ ref('fct_consumption_month') }}
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
    group by 1, 2, 3, 4
),

working as (
    select distinct contract_key, period_month
    from {{ ref('int_metering__meter_month') }}
    where is_working
),

connections as (
    select
        c.period_month,
        c.sector_key,
        c.route_key,
        c.user_type_key,
        count(*) as connections,
        count(w.contract_key) as metered_connections
    from {{ ref('int_core__contract_month') }} as c
    left join working as w on w.contract_key = c.contract_key and w.period_month = c.period_month
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
    coalesce(consumption.booked_m3, 0)::numeric(18, 3) as booked_m3,
    coalesce(consumption.attributed_m3, 0)::numeric(18, 3) as attributed_m3,
    coalesce(consumption.unread_m3, 0)::numeric(18, 3) as unread_m3,
    coalesce(consumption.regularised_m3, 0)::numeric(18, 3) as regularised_m3,
    coalesce(adjusted.adjusted_m3, 0)::numeric(18, 3) as adjusted_m3,
    coalesce(readings.planned_readings, 0) as planned_readings,
    coalesce(readings.incident_readings, 0) as incident_readings,
    coalesce(connections.connections, 0) as connections,
    coalesce(connections.metered_connections, 0) as metered_connections,
    coalesce(meters.meters_in_service, 0) as meters_in_service,
    coalesce(meters.aged_meters, 0) as aged_meters,
    coalesce(meters.meter_age_years, 0)::numeric(18, 2) as meter_age_years,
    coalesce(meters.expired_meters, 0) as expired_meters,
    coalesce(meters.measured_m3, 0)::numeric(18, 3) as measured_m3,
    coalesce(meters.under_registered_m3, 0)::numeric(18, 3) as under_registered_m3
from grid
left join consumption using (period_month, sector_key, route_key, user_type_key)
left join adjusted using (period_month, sector_key, route_key, user_type_key)
left join readings using (period_month, sector_key, route_key, user_type_key)
left join meters using (period_month, sector_key, route_key, user_type_key)
left join connections using (period_month, sector_key, route_key, user_type_key)
