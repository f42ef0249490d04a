-- Who takes money: external collectors, the utility's cashiers, and the member "Sin asignar" (banks, online). Grain: one row per collector.
select
    collector_id as collector_key,
    coalesce(collector_code, 'C' || collector_id) as collector_code,
    coalesce(collector_name, collector_code, 'Cobrador ' || collector_id) as collector_name,
    case when coalesce(is_external, false) then 'externo' else 'interno' end as collector_kind,
    coalesce(is_active, true) as is_active
from {{ ref('stg_odoo__collector') }}

union all

select {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}, 'sin_cobrador', true
