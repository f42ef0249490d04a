-- Cut and reconnection orders to be drawn: those pending, and those executed in the last sixty days. Grain: one row per order with coordinates.
with orders as (
    select * from {{ ref('stg_odoo__cut_order') }}
    where state = 'pending' or (state = 'done' and executed_on > {{ business_today() }} - 60)
),

locations as (
    select * from {{ ref('int_maps__location') }}
    where latitude is not null
),

debts as (
    select * from {{ ref('int_maps__debt') }}
)

select
    o.cut_order_id,
    o.order_kind,
    o.state,
    o.ordered_on,
    o.executed_on,
    {{ business_today() }} - o.ordered_on as days_since_ordered,
    l.contract_key,
    l.contract_code,
    l.municipality_code,
    l.municipality_name,
    l.sector_code,
    l.sector_name,
    l.route_code,
    l.user_type_name,
    l.latitude,
    l.longitude,
    coalesce(d.overdue_amount, 0) as overdue_amount
from orders as o
inner join locations as l on l.contract_key = o.contract_id
left join debts as d on d.contract_key = l.contract_key
