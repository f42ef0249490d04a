select
    ---------- ids
    id as bill_delivery_id,
    move_id,
    contract_id,
    ---------- text
    channel,
    state,
    reason as failure_reason,
    courier,
    ---------- timestamps
    sent_at,
    delivered_at
from {{ source('odoo', 'bill_delivery') }}
where _deleted_at is null
