-- What became, twelve months later, of the debt of each month end: still owed by then, or written off in between. Debt that was overdue by
-- one day is by then older than 365. Grain: closed month that has twelve closed months after it × user type × ageing bucket.
with exposures as (
    select period_month, user_type_key, ageing_bucket_order, sum(receivable_bucket_amount) as exposure_amount
    from {{ ref('fct_receivable_age_month') }}
    where period_month + interval '12 months' <= {{ last_closed_month() }}
    group by 1, 2, 3
),

still_owed as (
    select
        (period_month - interval '12 months')::date as period_month,
        user_type_key,
        {{ ageing_bucket_order(month_end("(period_month - interval '12 months')") ~ ' - due_on') }} as ageing_bucket_order,
        sum(balance_amount) as still_owed_amount
    from {{ ref('int_receivables__debt_month') }}
    where issued_month <= period_month - interval '12 months'
    group by 1, 2, 3
),

-- an entry that is neither a payment nor a credit note: the debt was given up
written_off as (
    select
        m.period_month::date as period_month,
        a.user_type_key,
        {{ ageing_bucket_order(month_end('m.period_month') ~ ' - d.due_on') }} as ageing_bucket_order,
        sum(a.allocated_amount) as written_off_amount
    from {{ ref('int_receivables__allocation') }} as a
    inner join {{ ref('int_billing__document') }} as d on d.invoice_key = a.invoice_key
    cross join lateral generate_series(
        greatest({{ month_of('d.issued_on') }}, {{ month_of('a.allocated_on') }} - interval '12 months'),
        least({{ month_of('a.allocated_on') }} - interval '1 month', {{ last_closed_month() }} - interval '12 months'),
        interval '1 month'
    ) as m (period_month)
    where a.allocation_kind = 'ajuste' and d.state = 'posted' and d.sign = 1
    group by 1, 2, 3
)

select
    period_month,
    user_type_key,
    ageing_bucket_order,
    e.exposure_amount,
    coalesce(s.still_owed_amount, 0) as still_owed_amount,
    coalesce(w.written_off_amount, 0) as written_off_amount
from exposures as e
left join still_owed as s using (period_month, user_type_key, ageing_bucket_order)
left join written_off as w using (period_month, user_type_key, ageing_bucket_order)
