-- Debt at each closed month end by what it is for: capital, surcharge, tax. Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

accumulated as (
    select
        grid.*,
        coalesce(sum(m.moved_amount) over until_then, 0) as receivable_amount,
        coalesce(sum(m.moved_surcharge_amount) over until_then, 0) as surcharge_amount,
        coalesce(sum(m.moved_tax_amount) over until_then, 0) as tax_amount
    from grid
    left join {{ ref('int_receivables__composition_month') }} as m using (period_month, sector_key, route_key, user_type_key)
    window until_then as (partition by sector_key, route_key, user_type_key order by period_month)
)

select
    period_month,
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    route_code,
    user_type_name,
    receivable_amount - surcharge_amount - tax_amount as receivable_capital_amount,
    surcharge_amount as receivable_surcharge_amount,
    tax_amount as receivable_tax_amount
from accumulated
