select
    ---------- ids
    id as sector_id,
    municipality_id,
    ---------- text
    code as sector_code,
    name as sector_name
from {{ source('odoo', 'sector') }}
where _deleted_at is null
