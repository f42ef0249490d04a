-- Grain: one row per polygon part of what a reading route covers of a sector.
with parts as (
    {{ polygon_parts(ref('stg_gis__route')) }}
),

sectors as (
    select * from {{ ref('int_core__sector') }}
),

routes as (
    select * from {{ ref('int_core__route') }}
)

select
    p.route_code,
    coalesce(r.route_name, p.route_code) as route_name,
    p.sector_code,
    coalesce(s.sector_name, p.sector_code) as sector_name,
    coalesce(s.municipality_code, {{ unassigned_code() }}) as municipality_code,
    coalesce(s.municipality_name, {{ unassigned_name() }}) as municipality_name,
    p.part_number,
    p.points_count,
    p.ring,
    p.part_geojson as geojson
from parts as p
left join sectors as s on s.sector_code = p.sector_code
left join routes as r on r.route_code = p.route_code
