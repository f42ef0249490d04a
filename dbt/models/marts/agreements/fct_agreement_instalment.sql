-- Grain: one row per instalment of a payment agreement (the down payment is in the agreement).
select
    instalment_key,
    agreement_key,
    contract_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    instalment_number,
    due_on,
    instalment_amount,
    paid_on,
    instalment_state,
    days_late,
    is_enforceable,
    recovered_amount,
    covered_on
from {{ ref('int_agreements__instalment') }}
