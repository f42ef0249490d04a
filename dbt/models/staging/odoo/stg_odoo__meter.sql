select
    ---------- ids
    id as meter_id,
    supply_point_id,
    replaced_by_id as replaced_by_meter_id,
    ---------- text
    serial as meter_serial,
    ---------- numerics
    digits as dial_digits,
    diameter_mm,
    ---------- dates
    installed_on,
    retired_on,
    ---------- booleans
    coalesce(active, true) as is_active
from {{ source('odoo', 'meter') }}
where _deleted_at is null
