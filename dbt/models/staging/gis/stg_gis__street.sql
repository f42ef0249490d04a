select
    street_id,
    street_name,
    street_kind,
    geojson
from {{ source('gis', 'street') }}
