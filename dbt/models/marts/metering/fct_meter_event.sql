-- What happened to each meter: installed, replaced, retired, tested. The contract is today's of its point, with what it was that day. Grain: one row per event.
with events as (
    select * from {{ ref('stg_odoo__meter_event') }}
),

meters as (
    select * from {{ ref('int_metering__meter') }}
),

supply_points as (
    select * from {{ ref('stg_odoo__supply_point') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
)

select
    e.meter_event_id as meter_event_key,
    coalesce(m.meter_key, {{ unassigned_key() }}) as meter_key,
    coalesce(m.meter_serial, {{ unassigned_code() }}) as meter_serial,
    coalesce(sp.supply_point_id, {{ unassigned_key() }}) as supply_point_key,
    c.contract_key,
    c.sector_key,
    c.route_key,
    c.municipality_key,
    c.user_type_key,
    e.event_kind,
    coalesce(e.event_reason, 'sin_motivo') as event_reason,
    e.happened_on,
    e.reading_value_m3::numeric(18, 3) as reading_value_m3,
    e.work_order_id as work_order_key,
    -- how old the meter was when it was replaced or retired
    (case when e.event_kind in ('replaced', 'retired') then round((e.happened_on - m.installed_on) / 365.25, 2) end)::numeric(8, 2) as age_years
from events as e
left join meters as m on m.meter_key = e.meter_id
left join supply_points as sp on sp.supply_point_id = e.supply_point_id
inner join versions as c
    on {{ version_of_or_todays('c', 'coalesce(m.contract_key, ' ~ unassigned_key() ~ ')', 'e.happened_on') }}
