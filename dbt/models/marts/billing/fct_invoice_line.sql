-- Grain: one row per billed concept of a posted document.
select
    invoice_line_key,
    invoice_key,
    contract_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    concept_code,
    concept_type,
    issued_on,
    billing_period,
    line_amount,
    billed_m3
from {{ ref('int_billing__document_line') }}
