-- Debt by age at each closed month end. Grain: closed month × sector × route × user type × ageing bucket, dense.
with grid as (
    select g.*, ageing_buckets.ageing_bucket, ageing_buckets.ageing_bucket_order
    from {{ ref('int_core__month_grid') }} as g
    cross join {{ ageing_bucket_rows() }}
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
    coalesce(sums.receivable_bucket_amount, 0) as receivable_bucket_amount,
    coalesce(sums.receivable_bucket_contracts, 0) as receivable_bucket_contracts
from grid
left join {{ ref('fct_receivable_age_month') }} as sums using (period_month, sector_key, route_key, user_type_key, ageing_bucket_order)
