-- Grain: one row per piece of street.
select
    street_id,
    street_name,
    street_kind,
    (geojson -> 'coordinates')::text as path,
    geojson::text as geojson
from {{ ref('stg_gis__street') }}
