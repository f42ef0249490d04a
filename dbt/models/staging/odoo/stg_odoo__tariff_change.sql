select
    ---------- ids
    id as tariff_change_id,
    contract_id,
    from_tariff_id,
    to_tariff_id,
    request_id as service_request_id,
    authorised_by as authorised_by_user_id,
    ---------- text
    reason as change_reason,
    ---------- dates
    effective_on
from {{ source('odoo', 'tariff_change') }}
where _deleted_at is null
