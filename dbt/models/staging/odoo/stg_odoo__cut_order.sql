select
    ---------- ids
    id as cut_order_id,
    contract_id,
    ---------- text
    kind as order_kind,
    state,
    ---------- dates
    ordered_on,
    executed_on
from {{ source('odoo', 'cut_order') }}
where _deleted_at is null
