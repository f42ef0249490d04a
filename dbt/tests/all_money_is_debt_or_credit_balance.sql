-- At every closed month end: all invoiced − all credit notes − all money received − other entries = debt − credit in favour.
-- It uses no allocation between payments and invoices, so a payment that got lost on its way shows here.
with movements as (
    select {{ month_of('issued_on') }} as period_month, sum(sign * total_amount) as amount
    from {{ ref('fct_invoice') }}
    where state = 'posted'
    group by 1

    union all

    select {{ month_of('paid_on') }}, -sum(payment_amount)
    from {{ ref('fct_payment') }}
    group by 1

    union all

    select {{ month_of('allocated_on') }}, -sum(allocated_amount)
    from {{ ref('fct_payment_allocation') }}
    where allocation_kind = 'ajuste'
    group by 1
),

monthly as (
    select period_month, sum(amount) as amount
    from movements
    group by period_month
),

ledger as (
    select period_month, sum(amount) over (order by period_month) as net_amount
    from {{ ref('int_core__closed_month') }}
    left join monthly using (period_month)
),

debt as (
    select period_month, sum(receivable_amount) as receivable_amount
    from {{ ref('fct_receivable_month') }}
    group by 1
),

credit as (
    select period_month, sum(credit_balance_amount) as credit_balance_amount
    from {{ ref('fct_credit_balance_month') }}
    group by 1
)

select
    period_month,
    net_amount,
    receivable_amount,
    credit_balance_amount
from ledger
left join debt using (period_month)
left join credit using (period_month)
where coalesce(net_amount, 0) <> coalesce(receivable_amount, 0) - coalesce(credit_balance_amount, 0)
