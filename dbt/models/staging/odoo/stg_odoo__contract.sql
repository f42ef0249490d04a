select
    ---------- ids
    id as contract_id,
    partner_id as customer_id,
    supply_point_id,
    user_type_id,
    ---------- text
    code as contract_code,
    state as status,
    ---------- dates
    date_start as started_on,
    date_end as ended_on,
    ---------- booleans
    coalesce(is_cuttable, false) as is_cuttable,
    coalesce(excluded_from_billing, false) as is_excluded_from_billing,
    coalesce(has_sewer, false) as has_sewer
from {{ source('odoo', 'contract') }}
where _deleted_at is null
