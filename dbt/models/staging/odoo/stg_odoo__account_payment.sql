select
    ---------- ids
    id as payment_id,
    move_id,
    partner_id as customer_id,
    contract_id,
    collector_id,
    journal_id,
    payment_method_line_id as payment_method_id,
    reversal_of_id as reversal_of_payment_id,
    session_id as cash_session_id,
    ---------- text
    state,
    payment_type,
    ---------- numerics
    amount as payment_amount,
    ---------- booleans
    is_advance,
    ---------- dates
    date as paid_on,
    ---------- timestamps
    paid_at
from {{ source('odoo', 'account_payment') }}
where _deleted_at is null
