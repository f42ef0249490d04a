-- Reading routes, and the member "Sin asignar". Grain: one row per route.
select
    route_id as route_key,
    coalesce(route_code, 'R' || route_id) as route_code,
    coalesce(route_name, route_code, 'Ruta ' || route_id) as route_name
from {{ ref('stg_odoo__route') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
