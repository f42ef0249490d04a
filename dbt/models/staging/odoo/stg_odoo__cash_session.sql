select
    ---------- ids
    id as cash_session_id,
    config_id as cash_register_id,
    cash_journal_id as journal_id,
    user_id,
    ---------- text
    name as session_name,
    state,
    ---------- numerics
    cash_register_balance_start as opening_amount,
    case when state = 'closed' then cash_register_balance_end_real end as counted_amount,
    ---------- timestamps
    start_at as opened_at,
    stop_at as closed_at
from {{ source('odoo', 'cash_session') }}
where _deleted_at is null
