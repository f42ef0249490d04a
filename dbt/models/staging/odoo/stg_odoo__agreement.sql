select
    ---------- ids
    id as agreement_id,
    contract_id,
    ---------- text
    name as agreement_name,
    state,
    ---------- numerics
    amount as agreed_amount,
    down_payment as down_payment_amount,
    ---------- dates
    signed_on,
    ---------- timestamps
    write_date as changed_at
from {{ source('odoo', 'agreement') }}
where _deleted_at is null
