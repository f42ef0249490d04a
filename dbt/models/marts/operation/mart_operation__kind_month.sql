-- Field work by kind of order and crew. Grain: closed month × sector × kind × crew, dense: every pair of kind and crew ever seen.
with orders as (
    select * from {{ ref('fct_work_order') }}
),

kinds as (
    select distinct order_kind, crew from orders
),

grid as (
    select m.period_month, s.sector_key, s.sector_code, s.sector_name, s.municipality_code, s.municipality_name, k.*
    from {{ ref('int_core__closed_month') }} as m
    cross join {{ ref('int_core__sector') }} as s
    cross join kinds as k
),

executed as (
    select
        {{ month_of('executed_on') }} as period_month, sector_key, order_kind, crew,
        count(*) as kind_orders_executed,
        sum(execution_days) as kind_execution_days,
        sum(work_hours) as kind_work_hours,
        sum(cost_amount) as kind_orders_cost_amount
    from orders
    where executed_on is not null
    group by 1, 2, 3, 4
),

backlog as (
    select
        m.period_month, o.sector_key, o.order_kind, o.crew,
        count(*) as kind_orders_pending,
        count(*) filter (where o.scheduled_on <= m.month_end_on) as kind_orders_overdue
    from {{ ref('int_core__closed_month') }} as m
    inner join orders as o
        on o.requested_on <= m.month_end_on and o.state <> 'cancelled'
            and (o.executed_on > m.month_end_on or (o.executed_on is null and o.is_pending))
    group by 1, 2, 3, 4
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    order_kind,
    crew,
    coalesce(executed.kind_orders_executed, 0) as kind_orders_executed,
    coalesce(executed.kind_execution_days, 0)::numeric(18, 2) as kind_execution_days,
    coalesce(executed.kind_work_hours, 0)::numeric(18, 2) as kind_work_hours,
    coalesce(executed.kind_orders_cost_amount, 0)::numeric(18, 2) as kind_orders_cost_amount,
    coalesce(backlog.kind_orders_pending, 0) as kind_orders_pending,
    coalesce(backlog.kind_orders_overdue, 0) as kind_orders_overdue
from grid
left join executed using (period_month, sector_key, order_kind, crew)
left join backlog using (period_month, sector_key, order_kind, crew)
