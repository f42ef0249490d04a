-- Polygon parts of the sectors, with size and centroid by the shoelace formula in degrees (good enough to compare parts and place a label).
-- Grain: one row per polygon part.
with polygons as (
    select * from {{ ref('stg_gis__sector') }}
),

parts as (
    select g.sector_code, g.sector_name, p.part_number, p.coordinates, p.coordinates -> 0 as ring
    from polygons as g
    cross join lateral jsonb_array_elements(
        case g.geojson ->> 'type' when 'Polygon' then jsonb_build_array(g.geojson -> 'coordinates') else g.geojson -> 'coordinates' end
    ) with ordinality as p (coordinates, part_number)
),

vertices as (
    select
        p.sector_code,
        p.part_number,
        (v.point ->> 0)::double precision as x,
        (v.point ->> 1)::double precision as y,
        lead((v.point ->> 0)::double precision) over around as next_x,
        lead((v.point ->> 1)::double precision) over around as next_y,
        -- relative to the first vertex: the products below would lose their digits in full coordinates
        first_value((v.point ->> 0)::double precision) over around as x0,
        first_value((v.point ->> 1)::double precision) over around as y0
    from parts as p
    cross join lateral jsonb_array_elements(p.ring) with ordinality as v (point, vertex_number)
    window around as (partition by p.sector_code, p.part_number order by v.vertex_number)
),

edges as (
    select
        *,
        (x - x0) * (next_y - y0) - (next_x - x0) * (y - y0) as crossed
    from vertices
    where next_x is not null
),

measured as (
    select
        sector_code,
        part_number,
        abs(sum(crossed)) / 2 as area_degrees,
        min(x0) + sum((x + next_x - 2 * x0) * crossed) / nullif(3 * sum(crossed), 0) as label_lon,
        min(y0) + sum((y + next_y - 2 * y0) * crossed) / nullif(3 * sum(crossed), 0) as label_lat
    from edges
    group by sector_code, part_number
)

select
    p.sector_code,
    p.sector_name,
    p.part_number,
    p.ring,
    jsonb_build_object('type', 'Polygon', 'coordinates', p.coordinates) as geojson,
    m.label_lon,
    m.label_lat,
    row_number() over (partition by p.sector_code order by m.area_degrees desc, p.part_number) = 1 as is_largest
from parts as p
inner join measured as m on m.sector_code = p.sector_code and m.part_number = p.part_number
