select
    ---------- ids
    id as appointment_id,
    request_id as service_request_id,
    contract_id,
    ---------- text
    office,
    state,
    ---------- timestamps
    scheduled_at,
    arrived_at,
    attended_at
from {{ source('odoo', 'appointment') }}
where _deleted_at is null
