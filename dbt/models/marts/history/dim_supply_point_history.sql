with version as (
    select * from {{ ref('int_history__supply_point_version') }}
)

select
    v.version_key as supply_point_version_key,
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
