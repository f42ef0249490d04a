-- Meters with the contract that each one measures (the active or else the last one of its supply point), their class and its limits.
-- Grain: one row per meter.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {'row': ['meter_key'], 'keys': [], 'log': [{'row': 'meter_key'}]}},
    indexes=[{'columns': ['meter_key'], 'unique': true}],
) }}

with meters as (
    select * from {{ ref('stg_odoo__meter') }}
),

contracts as (
    select * from {{ ref('int_core__contract') }}
),

measured as (
    select distinct on (supply_point_key) supply_point_key, contract_key
    from contracts
    where supply_point_key <> {{ unassigned_key() }}
    order by supply_point_key, (status = 'closed'), started_on desc nulls last, contract_key desc
)

select
    m.meter_id as meter_key,
    coalesce(m.meter_serial, 'M' || m.meter_id) as meter_serial,
    m.diameter_mm::integer as diameter_mm,
    m.installed_on,
    m.retired_on,
    m.is_active,
    c.contract_key,
    c.sector_key,
    c.route_key,
    c.municipality_key,
    c.user_type_key,
    l.meter_class,
    l.max_age_years,
    l.max_volume_m3,
    l.replacement_cost_amount,
    e.initial_error_ratio,
    e.error_ratio_per_year,
    e.error_ratio_per_1000_m3,
    e.max_error_ratio
from meters as m
left join measured as found on found.supply_point_key = m.supply_point_id
inner join contracts as c on c.contract_key = coalesce(found.contract_key, {{ unassigned_key() }})
inner join {{ ref('meter_limits') }} as l on {{ of_diameter('l', 'm.diameter_mm') }}
inner join {{ ref('meter_error_curve') }} as e on {{ of_diameter('e', 'm.diameter_mm') }}
