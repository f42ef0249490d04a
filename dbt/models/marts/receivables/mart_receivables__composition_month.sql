-- Debt at each closed month end by what it is for: capital, surcharge, tax. Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

by_contract as (
    select
        contract_key,
        {{ month_of('moved_on') }} as period_month,
        sum(moved_amount) as moved_amount,
        sum(moved_surcharge_amount) as moved_surcharge_amount,
        sum(moved_tax_amount) as moved_tax_amount
    from {{ ref('int_receivables__component_movement') }}
    group by 1, 2
),

-- month ends at which a contract is of another sector, route or user type than at the one before: its whole balance goes along
moves as (
    select
        now.contract_key,
        {{ month_of('now.valid_from_on') }} as period_month,
        now.sector_key,
        now.route_key,
        now.user_type_key,
        before.sector_key as left_sector_key,
        before.route_key as left_route_key,
        before.user_type_key as left_user_type_key
    from versions as now
    inner join versions as before on {{ version_of('before', 'now.contract_key', month_of('now.valid_from_on') ~ ' - 1') }}
    where {{ month_end(month_of('now.valid_from_on')) }} < now.valid_until_on
        and (now.sector_key, now.route_key, now.user_type_key) <> (before.sector_key, before.route_key, before.user_type_key)
),

carried as (
    select
        m.contract_key,
        m.period_month,
        sum(b.moved_amount) as moved_amount,
        sum(b.moved_surcharge_amount) as moved_surcharge_amount,
        sum(b.moved_tax_amount) as moved_tax_amount
    from moves as m
    inner join by_contract as b on b.contract_key = m.contract_key and b.period_month < m.period_month
    group by 1, 2
),

movements as (
    select
        b.period_month,
        v.sector_key,
        v.route_key,
        v.user_type_key,
        b.moved_amount,
        b.moved_surcharge_amount,
        b.moved_tax_amount
    from by_contract as b
    inner join versions as v on {{ version_of('v', 'b.contract_key', month_end('b.period_month')) }}

    union all

    select
        period_month, m.sector_key, m.route_key, m.user_type_key,
        c.moved_amount, c.moved_surcharge_amount, c.moved_tax_amount
    from moves as m
    inner join carried as c using (contract_key, period_month)

    union all

    select
        period_month, m.left_sector_key, m.left_route_key, m.left_user_type_key,
        -c.moved_amount, -c.moved_surcharge_amount, -c.moved_tax_amount
    from moves as m
    inner join carried as c using (contract_key, period_month)
),

summed as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(moved_amount) as moved_amount,
        sum(moved_surcharge_amount) as moved_surcharge_amount,
        sum(moved_tax_amount) as moved_tax_amount
    from movements
    group by 1, 2, 3, 4
),

accumulated as (
    select
        grid.*,
        coalesce(sum(m.moved_amount) over until_then, 0) as receivable_amount,
        coalesce(sum(m.moved_surcharge_amount) over until_then, 0) as surcharge_amount,
        coalesce(sum(m.moved_tax_amount) over until_then, 0) as tax_amount
    from grid
    left join summed as m using (period_month, sector_key, route_key, user_type_key)
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
