select
    ---------- ids
    id as meter_event_id,
    meter_id,
    supply_point_id,
    work_order_id,
    user_id,
    ---------- text
    kind as event_kind,
    reason as event_reason,
    ---------- numerics
    reading_value as reading_value_m3,
    ---------- dates
    happened_on
from {{ source('odoo', 'meter_event') }}
where _deleted_at is null
