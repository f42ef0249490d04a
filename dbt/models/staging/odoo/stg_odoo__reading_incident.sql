select
    ---------- ids
    id as reading_incident_id,
    reading_id,
    contract_id,
    ---------- text
    kind as incident,
    state,
    resolution,
    ---------- timestamps
    reported_at,
    resolved_at
from {{ source('odoo', 'reading_incident') }}
where _deleted_at is null
