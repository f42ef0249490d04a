-- Cut and reconnection orders, with what the contract was on the day of the order. Grain: one row per order.
with orders as (
    select * from {{ ref('stg_odoo__cut_order') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
)

select
    o.cut_order_id as cut_order_key,
    coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(c.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(c.user_type_key, {{ unassigned_key() }}) as user_type_key,
    case o.order_kind when 'cut' then 'corte' when 'reconnection' then 'reconexion' else coalesce(o.order_kind, 'sin_asignar') end as order_kind,
    case o.state
        when 'pending' then 'pendiente'
        when 'done' then 'ejecutada'
        when 'cancelled' then 'anulada'
        else coalesce(o.state, 'sin_asignar')
    end as order_state,
    o.ordered_on,
    case when o.state = 'done' then o.executed_on end as executed_on,
    case when o.state = 'done' then o.executed_on - o.ordered_on end as execution_days
from orders as o
left join versions as c on {{ version_of_or_todays('c', 'o.contract_id', 'o.ordered_on, o.executed_on') }}
