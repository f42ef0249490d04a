select
    ---------- ids
    id as service_request_id,
    contract_id,
    partner_id as customer_id,
    user_id,
    ---------- text
    name as request_number,
    kind as request_kind,
    channel,
    state,
    ---------- timestamps
    requested_at,
    due_at,
    closed_at
from {{ source('odoo', 'service_request') }}
where _deleted_at is null
