-- Money and credit applied to invoices, with the age the debt had that day. Grain: one row per partial reconciliation of an invoice.
-- A view: both its sides are tables with indexes, and whoever wants some rows of it pays for those.
{{ config(materialized='view') }}

select
    r.reconcile_id as allocation_key,
    r.credit_payment_key as payment_key,
    r.credit_invoice_key,
    d.invoice_key,
    d.contract_key,
    d.contract_version_key,
    d.sector_key,
    d.route_key,
    d.municipality_key,
    d.user_type_key,
    r.reconciled_on as allocated_on,
    r.reconciled_amount as allocated_amount,
    r.reconciled_on - d.due_on as days_past_due,
    case r.credit_kind when 'pago' then 'pago' when 'nota_credito' then 'nota_credito' else 'ajuste' end as allocation_kind
from {{ ref('int_receivables__reconciliation') }} as r
inner join {{ ref('int_billing__document') }} as d on d.invoice_key = r.debit_invoice_key
where r.debit_kind = 'factura'
