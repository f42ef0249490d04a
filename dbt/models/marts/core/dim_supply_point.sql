-- Grain: one row per supply point, and the member "Sin asignar".
with supply_points as (
    select * from {{ ref('stg_odoo__supply_point') }}
),

sectors as (
    select * from {{ ref('int_core__sector') }}
),

routes as (
    select * from {{ ref('stg_odoo__route') }}
)

select
    sp.supply_point_id as supply_point_key,
    coalesce(sp.supply_point_code, 'P' || sp.supply_point_id) as supply_point_code,
    coalesce(s.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(r.route_code, {{ unassigned_code() }}) as route_code,
    -- over RPC an empty number arrives as 0, and nobody is supplied at 0°, 0°
    nullif(sp.latitude, 0) as latitude,
    nullif(sp.longitude, 0) as longitude
from supply_points as sp
left join sectors as s on s.sector_key = sp.sector_id
left join routes as r on r.route_id = sp.route_id

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_key() }}, {{ unassigned_code() }}, null, null
