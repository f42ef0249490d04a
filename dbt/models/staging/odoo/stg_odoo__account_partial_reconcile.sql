select
    ---------- ids
    id as reconcile_id,
    debit_move_id as debit_move_line_id,
    credit_move_id as credit_move_line_id,
    ---------- numerics
    amount as reconciled_amount,
    ---------- dates
    max_date as reconciled_on
from {{ source('odoo', 'account_partial_reconcile') }}
where _deleted_at is null
