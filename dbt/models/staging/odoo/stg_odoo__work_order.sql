select
    ---------- ids
    id as work_order_id,
    contract_id,
    supply_point_id,
    meter_id,
    cut_order_id,
    claim_id,
    ---------- text
    name as work_order_number,
    kind as order_kind,
    state,
    crew,
    result as order_result,
    ---------- numerics
    case when state = 'done' then cost end as cost_amount,
    ---------- dates
    scheduled_on,
    ---------- timestamps
    requested_at,
    started_at,
    ended_at
from {{ source('odoo', 'work_order') }}
where _deleted_at is null
