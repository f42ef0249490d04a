select
    ---------- ids
    id as route_id,
    sector_id,
    ---------- text
    code as route_code,
    name as route_name
from {{ source('odoo', 'route') }}
where _deleted_at is null
