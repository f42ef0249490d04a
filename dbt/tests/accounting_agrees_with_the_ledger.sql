-- What was billed, credited and collected is in Odoo's general ledger, on the same accounts, and the receivable is what the aged debt says.
-- A difference is the accountant's to explain (a hand-made entry, an accounting date in another month) and stops no publication.
{{ config(severity='warn') }}

with aged as (
    select period_month, sum(amount) as amount
    from (
        select period_month, receivable_bucket_amount as amount from {{ ref('fct_receivable_age_month') }}
        union all
        select period_month, -credit_balance_amount from {{ ref('fct_credit_balance_month') }}
    ) as parts
    group by period_month
),

receivable as (
    select period_month, sum(closing_amount) as closing_amount, sum(difference_amount) as difference_amount
    from {{ ref('mart_accounting__receivable_month') }}
    group by period_month
)

select period_month, section || ' ' || account_code || ' ' || concept_code || ' ' || movement_kind as thing, difference_amount
from {{ ref('mart_accounting__month') }}
where difference_amount <> 0

union all

select period_month, 'saldo por cobrar contra el mayor', difference_amount
from receivable
where difference_amount <> 0

union all

select period_month, 'saldo por cobrar contra la antigüedad', r.closing_amount - coalesce(a.amount, 0)
from receivable as r
left join aged as a using (period_month)
where r.closing_amount <> coalesce(a.amount, 0) and period_month >= {{ kept_from() }}
