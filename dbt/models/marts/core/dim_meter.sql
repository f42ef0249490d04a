-- Meters as they are today; where each one was before is in dim_meter_history. Grain: one row per meter, and the member "Sin asignar".
select
    m.meter_id as meter_key,
    coalesce(m.meter_serial, 'M' || m.meter_id) as meter_serial,
    coalesce(sp.supply_point_id, {{ unassigned_key() }}) as supply_point_key,
    m.installed_on,
    m.retired_on,
    coalesce(r.meter_id, {{ unassigned_key() }}) as replaced_by_meter_key,
    m.retired_on is null as is_installed
from {{ ref('stg_odoo__meter') }} as m
left join {{ ref('stg_odoo__supply_point') }} as sp on sp.supply_point_id = m.supply_point_id
left join {{ ref('stg_odoo__meter') }} as r on r.meter_id = m.replaced_by_meter_id

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_key() }}, null, null, {{ unassigned_key() }}, false
