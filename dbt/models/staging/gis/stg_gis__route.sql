select
    route_code,
    sector_code,
    geojson,
    points as points_count
from {{ source('gis', 'route') }}
