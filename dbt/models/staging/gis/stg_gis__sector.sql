{# A utility that has not loaded its cadastre still has its figures: the map is empty then. #}
{% set cadastre = load_relation(source('gis', 'sector')) %}

select
    ---------- text
    sector_code,
    sector_name,

    ---------- geometry
    geojson,

    ---------- numerics
    area_km2
from
    {% if cadastre or not execute %} {{ source('gis', 'sector') }} {% else %} (
        select null::text as sector_code, null::text as sector_name, null::jsonb as geojson, null::numeric as area_km2 where false
    ) {% endif %} as source
