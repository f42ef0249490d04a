select
    ---------- ids
    id as user_group_id,
    ---------- text
    name as user_group_name,
    ---------- booleans
    coalesce(share, false) as is_external
from {{ source('odoo', 'user_group') }}
where _deleted_at is null
