with version as (
    select * from {{ ref('int_history__contract_version') }}
)

select
    v.version_key as contract_version_key,
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

union all

-- the version of facts without a contract
select
    {{ unassigned_key() }}, {{ unassigned_key() }}, 1, timestamptz '1900-01-01 00:00+00', null, true, 'alta', null, null, 'sin_asignar',
    {{ unassigned_key() }}, {{ unassigned_key() }}, {{ unassigned_key() }}, null, null, false, false, false, false, false
