select
    ---------- ids
    id as user_type_id,
    ---------- text
    code as user_type_code,
    name as user_type_name
from {{ source('odoo', 'user_type') }}
where _deleted_at is null
