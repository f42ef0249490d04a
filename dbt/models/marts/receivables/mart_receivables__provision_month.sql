-- Expected loss of the debt at each closed month end: what is owed in each bucket × the loss rate of its bucket and user type.
-- Grain: closed month × sector × route × user type × ageing bucket, dense.
with grid as (
    select g.*, ageing_buckets.ageing_bucket, ageing_buckets.ageing_bucket_order
    from {{ ref('int_core__month_grid') }} as g
    cross join {{ ageing_bucket_rows() }}
),

receivables as (
    select period_month, sector_key, route_key, user_type_key, ageing_bucket_order, receivable_bucket_amount as receivable_amount
    from {{ ref('fct_receivable_age_month') }}
),

rates as (
    select * from {{ ref('mart_receivables__loss_rate_month') }}
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    grid.ageing_bucket,
    ageing_bucket_order,
    coalesce(receivables.receivable_amount, 0) as exposure_amount,
    rates.loss_rate,
    round(coalesce(receivables.receivable_amount, 0) * rates.loss_rate, 2) as expected_loss_amount
from grid
left join receivables using (period_month, sector_key, route_key, user_type_key, ageing_bucket_order)
left join rates using (period_month, user_type_key, ageing_bucket_order)
