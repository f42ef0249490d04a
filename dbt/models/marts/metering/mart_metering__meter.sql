-- Meters in service today: how old, what went through, whether they work and whether they are past their limits. As of the last closed month for
-- what readings tell; age is today's. Grain: one row per meter in service.
with meters as (
    select * from {{ ref('int_metering__meter') }}
    where retired_on is null and is_active
),

last_months as (
    -- a meter in service has every month up to the last one
    select * from {{ ref('int_metering__meter_month') }}
    where period_month = {{ last_closed_month() }}
),

aged as (
    select *, round(({{ business_today() }} - installed_on) / 365.25, 2)::numeric(8, 2) as age_years
    from meters
)

select
    m.meter_key,
    m.meter_serial,
    m.diameter_mm,
    m.meter_class,
    m.contract_key,
    c.contract_code,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    m.installed_on,
    m.age_years,
    coalesce(lm.accumulated_m3, 0)::numeric(18, 3) as accumulated_m3,
    m.max_age_years,
    m.max_volume_m3,
    coalesce(m.age_years > m.max_age_years, false) as is_over_age,
    coalesce(lm.is_over_volume, false) as is_over_volume,
    case
        when m.age_years > m.max_age_years and lm.is_over_volume then 'edad y volumen'
        when m.age_years > m.max_age_years then 'edad'
        when lm.is_over_volume then 'volumen'
        else 'dentro de límites'
    end as limit_status,
    coalesce(lm.is_working, true) as is_working,
    lr.last_read_on,
    lr.last_value_m3::numeric(18, 3) as last_value_m3,
    coalesce(lr.last_incident, 'none') as last_incident,
    lr.last_incident_month,
    coalesce(lm.error_ratio, m.initial_error_ratio)::numeric(8, 5) as error_ratio
from aged as m
inner join {{ ref('int_core__contract') }} as c on c.contract_key = m.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = m.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = m.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = m.user_type_key
left join last_months as lm on lm.meter_key = m.meter_key
left join {{ ref('int_metering__last_reading') }} as lr on lr.meter_key = m.meter_key
