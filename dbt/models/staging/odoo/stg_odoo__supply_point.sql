select
    ---------- ids
    id as supply_point_id,
    sector_id,
    route_id,
    ---------- text
    code as supply_point_code,
    nullif(btrim(cadastral_code), '') as cadastral_code,
    ---------- numerics
    latitude,
    longitude
from {{ source('odoo', 'supply_point') }}
where _deleted_at is null
