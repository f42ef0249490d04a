select
    ---------- ids
    id as user_id,
    partner_id,
    company_id,
    group_ids,
    ---------- text
    login,
    name as user_name,
    ---------- booleans
    coalesce(active, true) as is_active,
    _deleted_at is not null as is_deleted,
    ---------- timestamps
    create_date as created_at
from {{ source('odoo', 'user') }}
