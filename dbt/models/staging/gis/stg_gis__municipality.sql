select
    municipality_code,
    municipality_name,
    geojson,
    area_km2
from {{ source('gis', 'municipality') }}
