with version as (
    {{ history_versions('supply_point') }}
)

select
    v.record_id as supply_point_key,
    v.version_number,
    v.valid_from,
    v.valid_to,
    v.is_current,
    v.origin,
    v.changed_by,
    v.changed_attributes,
    coalesce(v.sector_id, -1) as sector_key,
    v.route_id as route_key,
    v.cadastral_code,
    coalesce(v.active, true) as is_active,
    v.is_deleted
from version as v
