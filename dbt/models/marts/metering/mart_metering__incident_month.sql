-- Reading incidents by type. Only combinations that happened: all are flows of the month.
-- Grain: closed month × sector × route × user type × incident.
with readings as (
    select * from {{ ref('fct_reading') }}
    where incident <> 'none'
),

grid as (
    select * from {{ ref('int_core__month_grid') }}
),

reported as (
    select reading_id, min(resolved_at) as resolved_at
    from {{ ref('stg_odoo__reading_incident') }}
    group by reading_id
)

select
    g.period_month,
    g.municipality_code,
    g.municipality_name,
    g.sector_code,
    g.sector_name,
    g.route_code,
    g.user_type_name,
    r.incident,
    case r.incident
        when 'no_access' then 'Sin acceso' when 'meter_broken' then 'Medidor roto' when 'meter_buried' then 'Medidor enterrado'
        when 'dog' then 'Perro' when 'other' then 'Otra' else r.incident
    end as incident_name,
    count(*) as incident_readings,
    count(i.resolved_at) as resolved_incidents
from readings as r
inner join grid as g
    on g.period_month = r.period_month and g.sector_key = r.sector_key and g.route_key = r.route_key and g.user_type_key = r.user_type_key
left join reported as i on i.reading_id = r.reading_key
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
