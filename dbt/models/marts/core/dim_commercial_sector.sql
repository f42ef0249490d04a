-- Sectors with their polygon from the cadastre, when it has one. Grain: one row per sector, and the member "Sin asignar".
with sectors as (
    select * from {{ ref('int_core__sector') }}
),

polygons as (
    select * from {{ ref('stg_gis__sector') }}
),

parts as (
    select * from {{ ref('int_core__sector_part') }}
    where is_largest
)

select
    s.sector_key,
    s.sector_code,
    s.sector_name,
    s.municipality_key,
    s.municipality_name,
    g.geojson::text as geojson,
    p.ring::text as ring,
    g.area_km2
from sectors as s
left join polygons as g on g.sector_code = s.sector_code
left join parts as p on p.sector_code = s.sector_code
