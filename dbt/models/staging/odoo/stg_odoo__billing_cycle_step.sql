select
    ---------- ids
    id as billing_cycle_step_id,
    cycle_id as billing_cycle_id,
    user_id,
    ---------- text
    step,
    state,
    ---------- numerics
    sequence as step_number,
    documents as documents_count,
    ---------- timestamps
    started_at,
    ended_at
from {{ source('odoo', 'billing_cycle_step') }}
where _deleted_at is null
