-- Orders still to be executed today. Grain: one row per pending order.
select
    o.work_order_key,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    c.contract_code,
    o.work_order_number,
    o.order_kind,
    o.crew,
    o.state,
    o.requested_on,
    o.scheduled_on,
    {{ business_today() }} - o.requested_on as open_days,
    o.is_overdue,
    case when o.is_overdue then {{ business_today() }} - o.scheduled_on else 0 end as overdue_days
from {{ ref('fct_work_order') }} as o
inner join {{ ref('int_core__sector') }} as s on s.sector_key = o.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = o.route_key
inner join {{ ref('int_core__contract') }} as c on c.contract_key = o.contract_key
where o.is_pending
