-- Credit notes and what they correct. A note whose reason nobody entered has the reason "sin_motivo"; one whose invoice is not known has no
-- days between. Grain: one row per posted credit note.
with notes as (
    select *, coalesce(nullif(btrim(credit_reason), ''), 'sin_motivo') as reason
    from {{ ref('fct_invoice') }}
    where document_kind = 'nota_credito' and state = 'posted'
)

select
    n.invoice_key as credit_note_key,
    n.contract_key,
    n.customer_key,
    n.sector_key,
    n.route_key,
    n.municipality_key,
    n.user_type_key,
    n.fiscal_number,
    n.issued_on,
    n.reason as credit_reason,
    {{ credit_reason_name('n.reason') }} as credit_reason_name,
    {{ is_billing_error('n.reason') }} as is_billing_error,
    n.untaxed_amount,
    n.tax_amount,
    n.total_amount,
    coalesce(n.billed_m3, 0)::numeric(18, 3) as credited_m3,
    {{ ecf_outcome('n.document_type_code', 'n.ecf_state') }} as ecf_outcome,
    i.invoice_key as corrected_invoice_key,
    coalesce(i.fiscal_number, n.modified_fiscal_number) as corrected_fiscal_number,
    i.billing_period as corrected_billing_period,
    i.issued_on as corrected_issued_on,
    i.total_amount as corrected_total_amount,
    n.issued_on - i.issued_on as days_since_invoice,
    coalesce(n.total_amount >= i.total_amount, false) as is_whole
from notes as n
-- what it corrects is found in the copy that has no partitions: by one look-up, and when its month was archived too
left join {{ ref('int_billing__document') }} as i on i.invoice_key = n.reversed_invoice_key and i.document_kind <> 'nota_credito'
