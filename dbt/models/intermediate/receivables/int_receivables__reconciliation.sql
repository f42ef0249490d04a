-- Which document or payment each partial reconciliation takes from (credit side) and settles (debit side).
-- Odoo reconciles move lines: line → move → invoice, credit note, payment, or another entry (a write-off, say).
-- Grain: one row per partial reconciliation between live sides. Cancelled documents and payments settle nothing.
with partials as (
    select * from {{ ref('stg_odoo__account_partial_reconcile') }}
),

lines as (
    select move_line_id, move_id from {{ ref('stg_odoo__account_move_line') }}
),

documents as (
    select * from {{ ref('int_billing__document') }}
),

payments as (
    select * from {{ ref('int_collections__payment') }}
),

entries as (
    select move_id, issued_on, state from {{ ref('stg_odoo__account_move') }}
),

sides as (
    select
        e.move_id,
        d.invoice_key,
        p.payment_key,
        coalesce(d.issued_on, p.paid_on, e.issued_on) as dated_on,
        case
            when d.invoice_key is not null then case when d.sign = 1 then 'factura' else 'nota_credito' end
            when p.payment_key is not null then 'pago'
            else 'asiento'
        end as side_kind
    from entries as e
    left join documents as d on d.invoice_key = e.move_id
    left join payments as p on p.move_id = e.move_id
    where e.state = 'posted' and coalesce(p.is_effective, true)
),

matched as (
    select
        pr.reconcile_id,
        debit.side_kind as debit_kind,
        debit.invoice_key as debit_invoice_key,
        debit.payment_key as debit_payment_key,
        credit.side_kind as credit_kind,
        credit.invoice_key as credit_invoice_key,
        credit.payment_key as credit_payment_key,
        -- Odoo's max_date is the later of both lines' dates; never let money settle a document that did not exist yet
        greatest(pr.reconciled_on, debit.dated_on, credit.dated_on) as reconciled_on,
        pr.reconciled_amount
    from partials as pr
    inner join lines as debit_line on debit_line.move_line_id = pr.debit_move_line_id
    inner join sides as debit on debit.move_id = debit_line.move_id
    inner join lines as credit_line on credit_line.move_line_id = pr.credit_move_line_id
    inner join sides as credit on credit.move_id = credit_line.move_id
)

select * from matched
