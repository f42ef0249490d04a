select
    ---------- ids
    id as reading_id,
    contract_id,
    meter_id,
    route_id,
    reader_id,
    ---------- text
    kind as reading_kind,
    incident,
    ---------- numerics
    previous_value as previous_value_m3,
    value as value_m3,
    consumption_m3,
    ---------- dates
    billing_period,
    ---------- timestamps
    read_at
from {{ source('odoo', 'reading') }}
where _deleted_at is null
