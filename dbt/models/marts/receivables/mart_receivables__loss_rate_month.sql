-- Loss-rate matrix (IFRS 9 simplified approach, B5.5.35): of the debt of each bucket at twelve month ends, the part lost twelve months later.
-- At month M it looks at the debt of M−23 … M−12, those that there are. Grain: closed month × user type × ageing bucket, dense.
with months as (
    select * from {{ ref('int_core__closed_month') }}
),

losses as (
    select * from {{ ref('int_receivables__loss') }}
),

window_sums as (
    select
        m.period_month,
        l.user_type_key,
        l.ageing_bucket_order,
        sum(l.exposure_amount) as exposure_amount,
        sum(l.still_owed_amount) as still_owed_amount,
        sum(l.written_off_amount) as written_off_amount
    from months as m
    inner join losses as l on l.period_month between m.period_month - interval '23 months' and m.period_month - interval '12 months'
    group by 1, 2, 3
),

snapshots as (
    select m.period_month, count(distinct l.period_month) as snapshot_months
    from months as m
    inner join losses as l on l.period_month between m.period_month - interval '23 months' and m.period_month - interval '12 months'
    group by 1
),

all_types as (
    select period_month, ageing_bucket_order, sum(still_owed_amount + written_off_amount) / sum(exposure_amount) as loss_rate
    from window_sums
    group by 1, 2
    having sum(exposure_amount) > 0
),

matrix as (
    select
        m.period_month,
        u.user_type_key,
        u.user_type_name,
        ageing_buckets.ageing_bucket,
        ageing_buckets.ageing_bucket_order
    from months as m
    cross join {{ ref('int_core__user_type') }} as u
    cross join {{ ageing_bucket_rows() }}
),

rated as (
    select
        x.period_month,
        x.user_type_key,
        x.user_type_name,
        x.ageing_bucket,
        x.ageing_bucket_order,
        coalesce(s.snapshot_months, 0) as snapshot_months,
        round(coalesce(w.exposure_amount, 0), 2) as exposure_amount,
        round(coalesce(w.still_owed_amount, 0), 2) as still_owed_amount,
        round(coalesce(w.written_off_amount, 0), 2) as written_off_amount,
        w.exposure_amount > 0 as has_own_rate,
        a.loss_rate as all_types_rate,
        -- debt is not safer for being older: a bucket in which nobody owed takes the worst rate of the younger ones
        max(a.loss_rate) over (
            partition by x.period_month, x.user_type_key order by x.ageing_bucket_order rows between unbounded preceding and 1 preceding
        ) as younger_rate
    from matrix as x
    left join snapshots as s on s.period_month = x.period_month
    left join window_sums as w
        on w.period_month = x.period_month and w.user_type_key = x.user_type_key and w.ageing_bucket_order = x.ageing_bucket_order
    left join all_types as a on a.period_month = x.period_month and a.ageing_bucket_order = x.ageing_bucket_order
),

decided as (
    select
        *,
        case
            when has_own_rate then (still_owed_amount + written_off_amount) / exposure_amount
            else coalesce(all_types_rate, younger_rate)
        end as historical_loss_rate,
        case
            when has_own_rate then 'propia'
            when all_types_rate is not null then 'todos_los_tipos'
            when younger_rate is not null then 'tramo_anterior'
            else 'sin_historia'
        end as rate_origin
    from rated
)

select
    period_month,
    user_type_key,
    user_type_name,
    ageing_bucket,
    ageing_bucket_order,
    snapshot_months,
    exposure_amount,
    still_owed_amount,
    written_off_amount,
    round(historical_loss_rate, 6) as historical_loss_rate,
    -- `least` would take an unknown rate for one
    case when historical_loss_rate is not null then round(least(1, historical_loss_rate * {{ expected_loss_forward_factor() }}), 6) end as loss_rate,
    rate_origin
from decided
