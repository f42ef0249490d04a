-- Reading incidents by type. Only combinations that happened: all are flows of the month.
-- Grain: closed month × sector × route × user type × incident.
select
    g.period_month,
    g.municipality_code,
    g.municipality_name,
    g.sector_code,
    g.sector_name,
    g.route_code,
    g.user_type_name,
    i.incident,
    case i.incident
        when 'no_access' then 'Sin acceso' when 'meter_broken' then 'Medidor roto' when 'meter_buried' then 'Medidor enterrado'
        when 'dog' then 'Perro' when 'other' then 'Otra' else i.incident
    end as incident_name,
    i.incident_readings,
    i.resolved_incidents
from {{ ref('int_metering__incident_month') }} as i
inner join {{ ref('int_core__month_grid') }} as g
    on g.period_month = i.period_month and g.sector_key = i.sector_key and g.route_key = i.route_key and g.user_type_key = i.user_type_key
