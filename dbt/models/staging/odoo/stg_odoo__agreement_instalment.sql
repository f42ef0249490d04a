select
    ---------- ids
    id as instalment_id,
    agreement_id,
    ---------- text
    state,
    ---------- numerics
    sequence as instalment_number,
    amount as instalment_amount,
    ---------- dates
    due_on,
    paid_on
from {{ source('odoo', 'agreement_instalment') }}
where _deleted_at is null
