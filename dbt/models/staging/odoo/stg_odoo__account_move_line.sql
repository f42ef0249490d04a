select
    ---------- ids
    id as move_line_id,
    move_id,
    account_id,
    product_id as concept_id,
    ---------- text
    display_type,
    parent_state as state,
    ---------- numerics
    price_subtotal as untaxed_amount,
    balance as balance_amount,
    ---------- dates
    date as accounted_on
from {{ source('odoo', 'account_move_line') }}
where _deleted_at is null
