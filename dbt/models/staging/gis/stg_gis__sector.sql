{% set columns = {'sector_code': 'text', 'sector_name': 'text', 'geojson': 'jsonb', 'area_km2': 'numeric'} %}

select
    ---------- text
    sector_code,
    sector_name,

    ---------- geometry
    geojson,

    ---------- numerics
    area_km2
from {{ loaded_or_empty(source('gis', 'sector'), columns) }}
