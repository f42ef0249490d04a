-- Grain: one row per collector or till, and the member "Sin asignar".
select
    collector_id as collector_key,
    coalesce(collector_code, 'C' || collector_id) as collector_code,
    coalesce(collector_name, collector_code, 'Cobrador ' || collector_id) as collector_name
from {{ ref('stg_odoo__collector') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
