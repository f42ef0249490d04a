-- The month of metering: what was used and how that is known, readings and incidents, connections with a meter that works, the park's age and error.
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
    coalesce(sums.booked_m3, 0)::numeric(18, 3) as booked_m3,
    coalesce(sums.attributed_m3, 0)::numeric(18, 3) as attributed_m3,
    coalesce(sums.unread_m3, 0)::numeric(18, 3) as unread_m3,
    coalesce(sums.regularised_m3, 0)::numeric(18, 3) as regularised_m3,
    coalesce(sums.adjusted_m3, 0)::numeric(18, 3) as adjusted_m3,
    coalesce(sums.planned_readings, 0) as planned_readings,
    coalesce(sums.incident_readings, 0) as incident_readings,
    coalesce(sums.connections, 0) as connections,
    coalesce(sums.metered_connections, 0) as metered_connections,
    coalesce(sums.meters_in_service, 0) as meters_in_service,
    coalesce(sums.aged_meters, 0) as aged_meters,
    coalesce(sums.meter_age_years, 0)::numeric(18, 2) as meter_age_years,
    coalesce(sums.expired_meters, 0) as expired_meters,
    coalesce(sums.measured_m3, 0)::numeric(18, 3) as measured_m3,
    coalesce(sums.under_registered_m3, 0)::numeric(18, 3) as under_registered_m3
from grid
left join {{ ref('fct_metering_month') }} as sums using (period_month, sector_key, route_key, user_type_key)
