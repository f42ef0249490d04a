-- The month of field work. Orders cancelled are never pending: Odoo does not say on which day they were cancelled.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

orders as (
    select * from {{ ref('fct_work_order') }}
),

requested as (
    select {{ month_of('requested_on') }} as period_month, sector_key, route_key, user_type_key, count(*) as orders_requested
    from orders
    group by 1, 2, 3, 4
),

executed as (
    select
        {{ month_of('executed_on') }} as period_month, sector_key, route_key, user_type_key,
        count(*) as orders_executed,
        count(*) filter (where not is_late) as orders_on_time,
        sum(execution_days) as execution_days,
        sum(work_hours) as work_hours,
        sum(cost_amount) as orders_cost_amount
    from orders
    where executed_on is not null
    group by 1, 2, 3, 4
),

backlog as (
    select
        m.period_month, o.sector_key, o.route_key, o.user_type_key,
        count(*) as orders_pending,
        -- at the end of the day on which it was due
        count(*) filter (where o.scheduled_on <= m.month_end_on) as orders_overdue
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
    grid.route_code,
    grid.user_type_name,
    coalesce(requested.orders_requested, 0) as orders_requested,
    coalesce(executed.orders_executed, 0) as orders_executed,
    coalesce(executed.orders_on_time, 0) as orders_on_time,
    coalesce(executed.execution_days, 0)::numeric(18, 2) as execution_days,
    coalesce(executed.work_hours, 0)::numeric(18, 2) as work_hours,
    coalesce(executed.orders_cost_amount, 0)::numeric(18, 2) as orders_cost_amount,
    coalesce(backlog.orders_pending, 0) as orders_pending,
    coalesce(backlog.orders_overdue, 0) as orders_overdue
from grid
left join requested using (period_month, sector_key, route_key, user_type_key)
left join executed using (period_month, sector_key, route_key, user_type_key)
left join backlog using (period_month, sector_key, route_key, user_type_key)
