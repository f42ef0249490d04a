-- What each contract owed at each closed month end, by age of the debt. Grain: contract × month × bucket, non-zero only.
with open_balances as (
    select * from {{ ref('int_receivables__open_balance') }}
),

contracts as (
    select * from {{ ref('int_core__contract') }}
),

at_month_end as (
    select
        b.contract_key,
        m.period_month::date as period_month,
        {{ month_end('m.period_month') }} - b.due_on as days_past_due,
        b.balance_amount
    from open_balances as b
    cross join lateral generate_series(
        b.from_month,
        least(b.until_month - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
),

aged as (
    select contract_key, period_month, {{ ageing_bucket_order('days_past_due') }} as ageing_bucket_order, balance_amount
    from at_month_end
),

by_bucket as (
    select
        contract_key,
        period_month,
        ageing_bucket_order,
        sum(balance_amount) as receivable_amount
    from aged
    group by contract_key, period_month, ageing_bucket_order
    having sum(balance_amount) <> 0
)

select
    b.contract_key,
    b.period_month,
    {{ month_end('b.period_month') }} as month_end_on,
    c.sector_key,
    c.route_key,
    c.municipality_key,
    c.user_type_key,
    {{ ageing_bucket_name('b.ageing_bucket_order') }} as ageing_bucket,
    b.ageing_bucket_order,
    b.receivable_amount,
    case when b.ageing_bucket_order > 0 then b.receivable_amount else 0 end as overdue_amount
from by_bucket as b
inner join contracts as c on c.contract_key = b.contract_key
