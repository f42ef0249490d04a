{# Each polygon of a GeoJSON (Multi)Polygon, beside the row's own columns: part_number, ring (its outer ring) and geojson (with its holes), as text. #}
{% macro polygon_parts(relation) -%}
select
    g.*,
    p.part_number::integer as part_number,
    (p.coordinates -> 0)::text as ring,
    jsonb_build_object('type', 'Polygon', 'coordinates', p.coordinates)::text as part_geojson
from {{ relation }} as g
cross join lateral jsonb_array_elements(
    case g.geojson ->> 'type' when 'Polygon' then jsonb_build_array(g.geojson -> 'coordinates') else g.geojson -> 'coordinates' end
) with ordinality as p (coordinates, part_number)
{%- endmacro %}

{# Hash of a cédula or RNC: the same number, the same hash; without the warehouse's own pepper nobody can try all numbers. #}
{% macro identification_hash(digits, pepper) -%}
    encode(sha256(convert_to({{ pepper }} || {{ digits }}, 'UTF8')), 'hex')
{%- endmacro %}
