-- Every reading, meter event and hour of telemetry that was loaded is in its fact, whatever it points at; and the balance's parts add up to what
-- went in.
select 'lecturas' as thing, null::bigint as sector_key, null::date as period_month, found, expected
from (
    select (select count(*) from {{ ref('fct_reading') }}) as found, (select count(*) from {{ ref('stg_odoo__reading') }}) as expected
) as readings
where found <> expected

union all

select 'eventos de medidor', null, null, found, expected
from (
    select (select count(*) from {{ ref('fct_meter_event') }}) as found, (select count(*) from {{ ref('stg_odoo__meter_event') }}) as expected
) as events
where found <> expected

union all

select 'medidores', null, null, found, expected
from (
    select (select count(*) from {{ ref('int_metering__meter') }}) as found, (select count(*) from {{ ref('stg_odoo__meter') }}) as expected
) as meters
where found <> expected

union all

select 'horas de telemetría', null, null, found, expected
from (
    select
        (select count(*) from {{ ref('int_telemetry__hour') }}) as found,
        (select count(*) from {{ ref('stg_telemetry__hour') }}) as expected
) as hours
where found < expected

union all

select
    'balance',
    sector_key,
    period_month,
    billed_metered_m3 + billed_estimated_m3 + unbilled_metered_m3 + unbilled_unmetered_m3 + apparent_losses_m3 + real_losses_m3,
    system_input_m3
from {{ ref('fct_water_balance_month') }}
where has_balance
    and billed_metered_m3 + billed_estimated_m3 + unbilled_metered_m3 + unbilled_unmetered_m3 + apparent_losses_m3 + real_losses_m3 <> system_input_m3
