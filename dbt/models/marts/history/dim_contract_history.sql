with version as (
    {{ history_versions('contract') }}
)

select
    v.record_id as contract_key,
    v.version_number,
    v.valid_from,
    v.valid_to,
    v.is_current,
    v.origin,
    v.changed_by,
    v.changed_attributes,
    v.state as status,
    coalesce(v.partner_id, -1) as customer_key,
    coalesce(v.supply_point_id, -1) as supply_point_key,
    coalesce(v.user_type_id, -1) as user_type_key,
    v.date_start as started_on,
    v.date_end as ended_on,
    coalesce(v.is_cuttable, false) as is_cuttable,
    coalesce(v.excluded_from_billing, false) as is_excluded_from_billing,
    coalesce(v.has_sewer, false) as has_sewer,
    coalesce(v.active, true) as is_active,
    v.is_deleted
from version as v
