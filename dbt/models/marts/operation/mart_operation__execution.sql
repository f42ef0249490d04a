-- Orders executed in closed months, each with its own days: what medians and percentiles are taken over. Grain: one row per executed order.
select
    o.work_order_key,
    {{ month_of('o.executed_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    ut.user_type_name,
    o.order_kind,
    o.crew,
    o.work_order_number,
    o.requested_on,
    o.scheduled_on,
    o.executed_on,
    o.execution_days,
    o.work_hours,
    o.is_late,
    o.order_result,
    o.cost_amount
from {{ ref('fct_work_order') }} as o
inner join {{ ref('int_core__closed_month') }} as m on m.period_month = {{ month_of('o.executed_on') }}
inner join {{ ref('int_core__sector') }} as s on s.sector_key = o.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = o.route_key
inner join {{ ref('int_core__user_type') }} as ut on ut.user_type_key = o.user_type_key
