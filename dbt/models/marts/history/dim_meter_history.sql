with version as (
    {{ history_versions('meter') }}
)

select
    v.version_key as meter_version_key,
    v.record_id as meter_key,
    v.version_number,
    v.valid_from,
    v.valid_to,
    v.is_current,
    v.origin,
    v.changed_by,
    v.changed_attributes,
    v.serial as meter_serial,
    coalesce(v.supply_point_id, -1) as supply_point_key,
    v.installed_on,
    v.retired_on,
    v.replaced_by_id as replaced_by_meter_key,
    coalesce(v.active, true) as is_active,
    v.is_deleted
from version as v
