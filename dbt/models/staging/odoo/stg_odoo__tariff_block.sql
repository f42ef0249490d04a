select
    ---------- ids
    id as tariff_block_id,
    tariff_id,
    ---------- numerics
    sequence as block_number,
    from_m3,
    nullif(to_m3, 0) as to_m3,
    price as price_amount,
    ---------- dates
    valid_from as valid_from_on,
    valid_to as valid_to_on
from {{ source('odoo', 'tariff_block') }}
where _deleted_at is null
