-- Contracts on the map: where their supply point lies, and whose sector, route and municipality they are. Grain: one row per contract.
-- A contract without coordinates is not on a map; mart_maps__misplaced_point counts those too.
with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }}
),

supply_points as (
    select * from {{ ref('stg_odoo__supply_point') }}
),

places as (
    select * from {{ ref('stg_gis__supply_point') }}
),

sectors as (
    select * from {{ ref('int_core__sector') }}
),

routes as (
    select * from {{ ref('int_core__route') }}
),

user_types as (
    select * from {{ ref('int_core__user_type') }}
)

select
    c.contract_key,
    c.contract_code,
    c.status,
    c.customer_key,
    c.supply_point_key,
    coalesce(sp.supply_point_code, 'P' || sp.supply_point_id) as supply_point_code,
    sp.cadastral_code,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    -- over RPC an empty number arrives as 0, and nobody is supplied at 0°, 0°
    case when sp.latitude <> 0 and sp.longitude <> 0 then sp.latitude end as latitude,
    case when sp.latitude <> 0 and sp.longitude <> 0 then sp.longitude end as longitude,
    p.located_sector_code,
    p.metres_from_sector
from contracts as c
inner join sectors as s on s.sector_key = c.sector_key
inner join routes as r on r.route_key = c.route_key
inner join user_types as u on u.user_type_key = c.user_type_key
left join supply_points as sp on sp.supply_point_id = c.supply_point_key
left join places as p on p.supply_point_id = c.supply_point_key
