select
    ---------- ids
    id as virtual_office_action_id,
    contract_id,
    ---------- text
    kind as action_kind,
    channel,
    result as action_result,
    ---------- timestamps
    happened_at
from {{ source('odoo', 'virtual_office_action') }}
where _deleted_at is null
