-- The water of each inlet meter by day, how much of it was measured, and its night flow: the median of the hours that began at 02:00 and 03:00.
-- Grain: one row per inlet meter and day.
with hours as (
    select * from {{ ref('int_telemetry__hour') }}
),

inlets as (
    select
        i.inlet_code,
        i.inlet_name,
        coalesce(s.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(f.sector_key, {{ unassigned_key() }}) as from_sector_key
    from {{ ref('stg_telemetry__inlet') }} as i
    left join {{ ref('int_core__sector') }} as s on s.sector_code = i.sector_code
    left join {{ ref('int_core__sector') }} as f on f.sector_code = i.from_sector_code
)

select
    h.inlet_code,
    h.day_on,
    {{ month_of('h.day_on') }} as period_month,
    coalesce(min(i.inlet_name), 'Medidor sin registrar ' || h.inlet_code) as inlet_name,
    coalesce(min(i.sector_key), {{ unassigned_key() }}) as sector_key,
    coalesce(min(i.from_sector_key), {{ unassigned_key() }}) as from_sector_key,
    sum(h.volume_m3)::numeric(18, 3) as supplied_m3,
    coalesce(sum(h.volume_m3) filter (where h.quality <> 'measured'), 0)::numeric(18, 3) as filled_m3,
    count(*) filter (where h.quality = 'measured')::integer as measured_hours,
    count(*) filter (where h.quality = 'counter')::integer as counter_hours,
    (24 - count(*) filter (where h.quality = 'measured'))::integer as missing_hours,
    (percentile_cont(0.5) within group (order by h.flow_m3h) filter (where h.hour_of_day in (2, 3)))::numeric(18, 3) as min_night_flow_m3h
from hours as h
left join inlets as i on i.inlet_code = h.inlet_code
group by h.inlet_code, h.day_on
