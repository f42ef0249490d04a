-- The water of each sector that has inlets: what came in, less what it hands on to other sectors. The night flow needs every one of its meters
-- that night. `expected_hours`: those that its meters should have told of, from the day on which the first of them began. Grain: sector × day.
with days as (
    select * from {{ ref('fct_telemetry_day') }}
),

legs as (
    select sector_key, day_on, period_month, 1 as sign, inlet_code, supplied_m3, measured_hours, counter_hours, min_night_flow_m3h
    from days
    where sector_key <> {{ unassigned_key() }}

    union all

    select from_sector_key, day_on, period_month, -1, inlet_code, supplied_m3, measured_hours, counter_hours, min_night_flow_m3h
    from days
    where from_sector_key <> {{ unassigned_key() }}
),

meters as (
    select sector_key, count(distinct inlet_code || ' ' || sign) as n
    from legs
    group by sector_key
)

select
    l.sector_key,
    l.day_on,
    l.period_month,
    sum(l.sign * l.supplied_m3)::numeric(18, 3) as supplied_m3,
    m.n * 24 as expected_hours,
    sum(l.measured_hours + l.counter_hours) as known_hours,
    (case when count(l.min_night_flow_m3h) = m.n then sum(l.sign * l.min_night_flow_m3h) end)::numeric(18, 3) as min_night_flow_m3h
from legs as l
inner join meters as m on m.sector_key = l.sector_key
group by l.sector_key, l.day_on, l.period_month, m.n
