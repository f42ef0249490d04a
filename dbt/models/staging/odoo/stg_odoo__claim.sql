select
    ---------- ids
    id as claim_id,
    contract_id,
    ---------- text
    kind as claim_kind,
    state,
    resolution,
    ---------- numerics
    amount_adjusted as credited_amount,
    ---------- booleans
    case when state = 'closed' then founded end as is_founded,
    ---------- timestamps
    opened_at,
    due_at,
    closed_at
from {{ source('odoo', 'claim') }}
where _deleted_at is null
