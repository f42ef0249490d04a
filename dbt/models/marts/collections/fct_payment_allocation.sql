-- Grain: one row per partial reconciliation of an invoice with a payment, a credit note or an accounting entry.
select
    allocation_key,
    payment_key,
    credit_invoice_key,
    invoice_key,
    contract_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    allocated_on,
    allocated_amount,
    days_past_due,
    {{ ageing_bucket_name(ageing_bucket_order('days_past_due')) }} as ageing_bucket,
    allocation_kind
from {{ ref('int_receivables__allocation') }}
