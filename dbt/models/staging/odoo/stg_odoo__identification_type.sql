select
    ---------- ids
    id as identification_type_id,
    ---------- text
    code as identification_type_code,
    name as identification_type_name
from {{ source('odoo', 'identification_type') }}
where _deleted_at is null
