-- What each contract owes today, and since when. Grain: one row per contract with debt.
-- Of all that was ever billed it looks at what is not settled for good, and at what is settled with a date to come.
with candidates as (
    select invoice_key from {{ ref('int_receivables__open_balance') }} where until_month is null
    union
    select debit_invoice_key from {{ ref('int_receivables__reconciliation') }} where debit_kind = 'factura' and reconciled_on > {{ business_today() }}
),

invoices as (
    select
        contract_key,
        invoice_key,
        due_on,
        billing_period,
        sum(moved_amount) as balance_amount,
        sum(moved_surcharge_amount) as surcharge_amount
    from {{ ref('int_receivables__component_movement') }}
    where moved_on <= {{ business_today() }} and invoice_key in (select candidates.invoice_key from candidates)
    group by 1, 2, 3, 4
    having sum(moved_amount) <> 0
)

select
    contract_key,
    sum(balance_amount) as receivable_amount,
    coalesce(sum(balance_amount) filter (where due_on < {{ business_today() }}), 0) as overdue_amount,
    coalesce(sum(surcharge_amount) filter (where due_on < {{ business_today() }}), 0) as overdue_surcharge_amount,
    count(*) filter (where due_on < {{ business_today() }}) as overdue_invoices,
    -- a month billed twice, or billed and charged again by a debit note, is one month owed
    count(distinct coalesce(billing_period, {{ month_of('due_on') }})) filter (where due_on < {{ business_today() }}) as overdue_months,
    min(due_on) as oldest_due_on
from invoices
group by contract_key
