select
    ---------- ids
    id as billing_cycle_id,
    ---------- text
    name as cycle_name,
    sector_group,
    state,
    ---------- numerics
    number as cycle_number,
    ---------- dates
    period as billing_period,
    issue_on as issued_on
from {{ source('odoo', 'billing_cycle') }}
where _deleted_at is null
