-- Field work orders, with what the contract was on the day of the request. A day's work is due on the day it was planned for; today's is not late until tomorrow.
-- Grain: one row per work order.
with orders as (
    select * from {{ ref('stg_odoo__work_order') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

supply_points as (
    select * from {{ ref('stg_odoo__supply_point') }}
),

sectors as (
    select * from {{ ref('int_core__sector') }}
),

routes as (
    select * from {{ ref('int_core__route') }}
),

placed as (
    select
        o.*,
        c.contract_key,
        -- the order's own point tells where it is, its contract where it does not say
        coalesce(s.sector_key, c.sector_key) as sector_key,
        coalesce(r.route_key, c.route_key) as route_key,
        coalesce(s.municipality_key, c.municipality_key) as municipality_key,
        c.user_type_key,
        {{ business_date('o.requested_at') }} as requested_on,
        case when o.state = 'done' then {{ business_date('o.ended_at') }} end as executed_on
    from orders as o
    left join versions as c
        on {{ version_of_or_todays('c', 'o.contract_id', business_date('o.requested_at')) }}
    left join supply_points as p on p.supply_point_id = o.supply_point_id
    left join sectors as s on s.sector_key = p.sector_id
    left join routes as r on r.route_key = p.route_id
)

select
    work_order_id as work_order_key,
    coalesce(work_order_number, 'OT/' || work_order_id) as work_order_number,
    coalesce(order_kind, 'sin dato') as order_kind,
    coalesce(contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(route_key, {{ unassigned_key() }}) as route_key,
    coalesce(municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(user_type_key, {{ unassigned_key() }}) as user_type_key,
    meter_id,
    cut_order_id,
    case when claim_id is not null then 'reclamo-' || claim_id end as request_key,
    coalesce(crew, {{ unassigned_name() }}) as crew,
    state,
    order_result,
    cost_amount,
    requested_at,
    requested_on,
    scheduled_on,
    started_at,
    ended_at,
    executed_on,
    case when executed_on is not null then extract(epoch from ended_at - requested_at) / 86400 end::numeric(10, 2) as execution_days,
    case when executed_on is not null then extract(epoch from ended_at - started_at) / 3600 end::numeric(10, 2) as work_hours,
    state not in ('done', 'cancelled') as is_pending,
    coalesce(state not in ('done', 'cancelled') and scheduled_on < {{ business_today() }}, false) as is_overdue,
    executed_on > scheduled_on as is_late
from placed
