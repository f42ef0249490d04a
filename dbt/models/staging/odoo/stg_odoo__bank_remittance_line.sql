select
    ---------- ids
    id as bank_remittance_line_id,
    remittance_id as bank_remittance_id,
    contract_id,
    payment_id,
    ---------- text
    reference,
    state,
    reason as state_reason,
    ---------- numerics
    sequence as line_number,
    amount as line_amount,
    ---------- dates
    paid_on
from {{ source('odoo', 'bank_remittance_line') }}
where _deleted_at is null
