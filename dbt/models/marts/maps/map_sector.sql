-- Grain: one row per polygon part of a sector.
with parts as (
    select * from {{ ref('int_core__sector_part') }}
),

sectors as (
    select * from {{ ref('dim_commercial_sector') }}
)

select
    p.sector_code,
    coalesce(s.sector_name, p.sector_name) as sector_name,
    coalesce(s.municipality_name, {{ unassigned_name() }}) as municipality_name,
    p.ring::text as ring,
    p.geojson::text as geojson,
    p.label_lon::numeric(9, 6) as label_lon,
    p.label_lat::numeric(9, 6) as label_lat
from parts as p
left join sectors as s on s.sector_code = p.sector_code
