-- How well the warehouse agrees with its source, by the month of the business day. Grain: closed month × entity, dense.
-- What has no day (catalogues) belongs to no month: mart_reconciliation has it.
with entities as (
    select distinct entity_name from {{ ref('stg_ops__reconciliation') }}
),

closed_months as (
    select * from {{ ref('int_core__closed_month') }}
),

days as (
    select * from {{ ref('mart_reconciliation') }}
    where day_on is not null
),

months as (
    select
        entity_name,
        {{ month_of('day_on') }} as period_month,
        count(*) as compared_days,
        count(*) filter (where status <> 'difference') as reconciled_days,
        -- what is only newer than the last replication is no difference
        sum(different_rows) filter (where status = 'difference') as difference_rows,
        sum(different_amount) filter (where status = 'difference') as difference_amount,
        sum(quarantined_rows) as quarantined_rows
    from days
    group by 1, 2
)

select
    m.period_month,
    e.entity_name,
    coalesce(d.compared_days, 0)::bigint as compared_days,
    coalesce(d.reconciled_days, 0)::bigint as reconciled_days,
    coalesce(d.difference_rows, 0)::bigint as difference_rows,
    coalesce(d.difference_amount, 0)::numeric(18, 2) as difference_amount,
    coalesce(d.quarantined_rows, 0)::bigint as quarantined_rows
from closed_months as m
cross join entities as e
left join months as d on d.period_month = m.period_month and d.entity_name = e.entity_name
