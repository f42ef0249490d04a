-- What makes a contract's credit balance grow (payments, credit notes) and shrink (their application, money given back).
-- Grain: one row per contract and month with movement.
with payments as (
    select * from {{ ref('int_collections__payment') }}
    where is_effective
),

credit_notes as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted' and sign = -1
),

reconciliations as (
    select * from {{ ref('int_receivables__reconciliation') }}
),

movements as (
    select contract_key, paid_on as moved_on, payment_amount as amount from payments

    union all

    select contract_key, issued_on, total_amount from credit_notes

    union all

    -- applied: to an invoice, or back to the customer
    select coalesce(p.contract_key, cn.contract_key), r.reconciled_on, -r.reconciled_amount
    from reconciliations as r
    left join payments as p on p.payment_key = r.credit_payment_key
    left join credit_notes as cn on cn.invoice_key = r.credit_invoice_key
    where r.credit_kind in ('pago', 'nota_credito')

    union all

    -- the other half of money given back: the outbound payment stops hanging
    select p.contract_key, r.reconciled_on, r.reconciled_amount
    from reconciliations as r
    inner join payments as p on p.payment_key = r.debit_payment_key
)

select contract_key, {{ month_of('moved_on') }} as period_month, sum(amount) as amount
from movements
group by 1, 2
having sum(amount) <> 0
