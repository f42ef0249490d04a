select
    ---------- ids
    id as support_team_id,
    ---------- text
    name as support_team_name,
    ---------- booleans
    coalesce(active, true) as is_active
from {{ source('odoo', 'support_team') }}
where _deleted_at is null
