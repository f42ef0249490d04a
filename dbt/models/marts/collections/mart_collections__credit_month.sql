-- Credit in favour of customers at each closed month end, by where it comes from. Balances.
-- Grain: closed month × sector × route × user type × origin, dense.
with grid as (
    select g.*, o.credit_origin
    from {{ ref('int_core__month_grid') }} as g
    cross join (values ('anticipo'), ('pago_de_mas'), ('nota_credito'), ('devolucion')) as o (credit_origin)
),

credits as (
    select
        m.period_month::date as period_month,
        v.sector_key,
        v.route_key,
        v.user_type_key,
        s.credit_origin,
        sum(s.remaining_amount) as unapplied_amount,
        count(*) as credits_count
    from {{ ref('int_collections__credit_span') }} as s
    cross join lateral generate_series(
        s.from_month,
        least(s.until_month - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
    inner join {{ ref('int_core__contract_version') }} as v on {{ version_of('v', 's.contract_key', month_end('m.period_month::date')) }}
    group by 1, 2, 3, 4, 5
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    credit_origin,
    coalesce(credits.unapplied_amount, 0) as unapplied_amount,
    coalesce(credits.credits_count, 0) as credits_count
from grid
left join credits using (period_month, sector_key, route_key, user_type_key, credit_origin)
