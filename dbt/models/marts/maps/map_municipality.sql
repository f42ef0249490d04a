-- Grain: one row per polygon part of a municipality.
with parts as (
    {{ polygon_parts(ref('stg_gis__municipality')) }}
)

select
    municipality_code,
    municipality_name,
    part_number,
    ring,
    part_geojson as geojson,
    area_km2::numeric(12, 4) as area_km2
from parts
