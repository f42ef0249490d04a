-- In every closed month, sector, route and user type: capital + surcharge + tax = what is owed, and the expected loss stands on that same debt
-- and is never more than it; no part is negative.
with owed as (
    select period_month, sector_code, route_code, user_type_name, sum(receivable_bucket_amount) as amount
    from {{ ref('mart_receivables__month') }}
    group by 1, 2, 3, 4
),

provision as (
    select
        period_month,
        sector_code,
        route_code,
        user_type_name,
        sum(exposure_amount) as exposure_amount,
        sum(expected_loss_amount) as expected_loss_amount
    from {{ ref('mart_receivables__provision_month') }}
    group by 1, 2, 3, 4
)

select
    period_month,
    sector_code,
    route_code,
    user_type_name,
    o.amount,
    c.receivable_capital_amount,
    c.receivable_surcharge_amount,
    c.receivable_tax_amount,
    p.exposure_amount,
    p.expected_loss_amount
from owed as o
full join {{ ref('mart_receivables__composition_month') }} as c using (period_month, sector_code, route_code, user_type_name)
full join provision as p using (period_month, sector_code, route_code, user_type_name)
where
    period_month >= {{ kept_from() }}
    and (
        o.amount is distinct from c.receivable_capital_amount + c.receivable_surcharge_amount + c.receivable_tax_amount
        or least(c.receivable_capital_amount, c.receivable_surcharge_amount, c.receivable_tax_amount) < 0
        or o.amount is distinct from p.exposure_amount
        or p.expected_loss_amount not between 0 and p.exposure_amount
    )
