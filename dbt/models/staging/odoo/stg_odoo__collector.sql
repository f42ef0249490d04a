select
    ---------- ids
    id as collector_id,
    ---------- text
    code as collector_code,
    name as collector_name,
    ---------- booleans
    is_external,
    active as is_active
from {{ source('odoo', 'collector') }}
where _deleted_at is null
