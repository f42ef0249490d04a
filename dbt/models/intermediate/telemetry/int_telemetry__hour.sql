-- Each hour of each inlet meter, the missing ones too, with the water that went through and how that is known: measured: by the counter's step,
-- or by the hour's mean flow where the counter has none that can be believed (changed, set to 0, gone round); counter: an hour without data, from
-- what the counter moved over the gap; typical: neither, from that hour's median in the month, else in all months (else of all hours). A reading
-- that stays the same to the litre for hours is a sensor that is stuck: those hours count as missing. The counter is believed within three times
-- the flow. Grain: inlet × hour, from its first hour to the last that any inlet told of.
with hours as (
    select * from {{ ref('stg_telemetry__hour') }}
),

followed as (
    select
        *,
        lag(flow_m3h) over along as earlier_flow_m3h,
        lag(counter_m3) over along as earlier_counter_m3
    from hours
    window along as (partition by inlet_code order by hour_at)
),

changes as (
    select
        *,
        (flow_m3h is distinct from earlier_flow_m3h or counter_m3 is distinct from earlier_counter_m3)::int as is_new
    from followed
),

islands as (
    select *, sum(is_new) over (partition by inlet_code order by hour_at) as island
    from changes
),

alike as (
    select *, count(*) over (partition by inlet_code, island) as hours_alike
    from islands
),

last_hours as (
    select max(hour_at) as hour_at
    from hours
),

good as (
    select inlet_code, hour_at, flow_m3h, counter_m3
    from alike
    where is_new = 1 or flow_m3h = 0 or hours_alike < {{ metering_rule('telemetry_stuck_hours') }}

    union all

    -- where a meter that is still on the list fell silent, its gap goes up to the last hour of the others
    select i.inlet_code, last_hour.hour_at + interval '1 hour', null, null
    from {{ ref('stg_telemetry__inlet') }} as i
    cross join last_hours as last_hour
    where exists (select from hours where hours.inlet_code = i.inlet_code)
),

stepped as (
    select
        *,
        lag(hour_at) over along as earlier_at,
        (extract(epoch from hour_at - lag(hour_at) over along) / 3600)::int as step_hours,
        counter_m3 - lag(counter_m3) over along as step_m3,
        greatest(flow_m3h, lag(flow_m3h) over along) as larger_flow_m3h
    from good
    window along as (partition by inlet_code order by hour_at)
),

believed as (
    select
        *,
        case when step_m3 between 0 and 3 * step_hours * larger_flow_m3h then step_m3 end as counted_m3
    from stepped
),

measured as (
    select
        inlet_code,
        hour_at,
        flow_m3h,
        (case when step_hours = 1 then coalesce(counted_m3, flow_m3h) else flow_m3h end)::numeric(18, 3) as volume_m3,
        'measured' as quality
    from believed
    where flow_m3h is not null
),

gaps as (
    select
        inlet_code,
        earlier_at,
        step_hours - 1 as gap_hours,
        case when counted_m3 >= flow_m3h then counted_m3 - flow_m3h end as gap_m3
    from believed
    where step_hours > 1
),

missing as (
    select
        g.inlet_code,
        g.earlier_at + n * interval '1 hour' as hour_at,
        round(g.gap_m3 * n / g.gap_hours, 3) - round(g.gap_m3 * (n - 1) / g.gap_hours, 3) as counter_m3
    from gaps as g
    cross join lateral generate_series(1, g.gap_hours) as n
),

local_measured as (
    select
        *,
        {{ business_date('hour_at') }} as day_on,
        extract(hour from hour_at at time zone '{{ business_timezone() }}')::int as hour_of_day
    from measured
),

typical_of_month as (
    select
        inlet_code,
        {{ month_of('day_on') }} as period_month,
        hour_of_day,
        percentile_cont(0.5) within group (order by flow_m3h)::numeric(18, 3) as typical_m3
    from local_measured
    group by 1, 2, 3
),

typical as (
    select inlet_code, hour_of_day, percentile_cont(0.5) within group (order by flow_m3h)::numeric(18, 3) as typical_m3
    from local_measured
    group by 1, 2
),

usual as (
    select inlet_code, percentile_cont(0.5) within group (order by flow_m3h)::numeric(18, 3) as typical_m3
    from local_measured
    group by inlet_code
),

local_missing as (
    select
        *,
        {{ business_date('hour_at') }} as day_on,
        extract(hour from hour_at at time zone '{{ business_timezone() }}')::int as hour_of_day
    from missing
)

select inlet_code, hour_at, day_on, hour_of_day, flow_m3h, volume_m3, quality
from local_measured

union all

select
    m.inlet_code,
    m.hour_at,
    m.day_on,
    m.hour_of_day,
    null,
    coalesce(m.counter_m3, tm.typical_m3, t.typical_m3, u.typical_m3)::numeric(18, 3),
    case when m.counter_m3 is not null then 'counter' else 'typical' end
from local_missing as m
left join typical_of_month as tm
    on tm.inlet_code = m.inlet_code and tm.hour_of_day = m.hour_of_day and tm.period_month = {{ month_of('m.day_on') }}
left join typical as t on t.inlet_code = m.inlet_code and t.hour_of_day = m.hour_of_day
inner join usual as u on u.inlet_code = m.inlet_code
