select
    ---------- ids
    id as support_stage_id,
    ---------- text
    name as support_stage_name,
    ---------- numerics
    sequence as stage_order,
    ---------- booleans
    coalesce(fold, false) as is_closing,
    coalesce(active, true) as is_active
from {{ source('odoo', 'support_stage') }}
where _deleted_at is null
