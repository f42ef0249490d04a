select
    ---------- ids
    id as cash_register_id,
    journal_id,
    collector_id,
    ---------- text
    name as cash_register_name,
    ---------- booleans
    active as is_active
from {{ source('odoo', 'cash_register') }}
where _deleted_at is null
