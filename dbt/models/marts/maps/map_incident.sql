-- Reading incidents reported in the last ninety days or still open, as points. Grain: one row per incident with coordinates.
with incidents as (
    select * from {{ ref('stg_odoo__reading_incident') }}
    where state <> 'resolved' or reported_at >= {{ business_today() }} - 90
),

locations as (
    select * from {{ ref('int_maps__location') }}
    where latitude is not null
)

select
    i.reading_incident_id,
    i.incident,
    i.state,
    i.reported_at,
    i.resolved_at,
    l.contract_key,
    l.contract_code,
    l.municipality_code,
    l.municipality_name,
    l.sector_code,
    l.sector_name,
    l.route_code,
    l.user_type_name,
    l.latitude,
    l.longitude
from incidents as i
inner join locations as l on l.contract_key = i.contract_id
