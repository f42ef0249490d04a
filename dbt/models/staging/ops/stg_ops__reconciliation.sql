select
    ---------- ids
    id as reconciliation_id,
    ---------- text
    entity as entity_name,
    kind,
    status,
    ---------- dates
    since as since_on,
    ---------- timestamps
    checked_at
from {{ source('ops', 'reconciliation') }}
