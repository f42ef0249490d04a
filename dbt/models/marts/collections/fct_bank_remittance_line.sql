-- Grain: one row per line of a remittance.
select
    bank_remittance_line_key,
    bank_remittance_key,
    line_number,
    payment_key,
    contract_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    reference,
    state,
    state_reason,
    paid_on,
    received_on,
    days_to_file,
    line_amount,
    posted_amount,
    line_amount - posted_amount as difference_amount,
    is_duplicate
from {{ ref('int_collections__remittance_line') }}
