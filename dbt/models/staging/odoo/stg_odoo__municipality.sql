select
    ---------- ids
    id as municipality_id,
    ---------- text
    code as municipality_code,
    name as municipality_name
from {{ source('odoo', 'municipality') }}
where _deleted_at is null
