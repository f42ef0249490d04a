select
    ---------- ids
    id as tariff_id,
    user_type_id,
    ---------- text
    code as tariff_code,
    name as tariff_name,
    ---------- numerics
    minimum_m3,
    ---------- booleans
    active as is_active
from {{ source('odoo', 'tariff') }}
where _deleted_at is null
