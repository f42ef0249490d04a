-- Credit in favour of each contract at each closed month end. Grain: contract × month, non-zero only.
with movements as (
    select * from {{ ref('int_receivables__credit_movement') }}
),

running as (
    select
        contract_key,
        period_month as from_month,
        lead(period_month) over in_time as until_month,
        sum(amount) over in_time as balance_amount
    from movements
    window in_time as (partition by contract_key order by period_month)
)

select
    r.contract_key,
    m.period_month::date as period_month,
    r.balance_amount as credit_balance_amount
from running as r
cross join lateral generate_series(
    r.from_month,
    least(r.until_month - interval '1 month', {{ last_closed_month() }}),
    interval '1 month'
) as m (period_month)
where r.balance_amount <> 0
