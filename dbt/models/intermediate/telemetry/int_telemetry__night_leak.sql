-- Sectors whose night flow rose and stays up: a month's median night against the lowest median of all the months before. That reference never learns
-- from the leak itself, so the episode stays open until the flow is down again. Grain: sector × episode.
with months as (
    select
        sector_key,
        period_month,
        max(day_on) as last_night_on,
        percentile_cont(0.5) within group (order by min_night_flow_m3h)::numeric(18, 3) as night_flow_m3h
    from {{ ref('int_telemetry__sector_day') }}
    where min_night_flow_m3h is not null and period_month <= {{ last_closed_month() }}
    group by sector_key, period_month
),

compared as (
    select
        *,
        min(night_flow_m3h) over before as lowest_m3h,
        count(*) over before as months_before,
        row_number() over (partition by sector_key order by period_month) as turn
    from months
    window before as (partition by sector_key order by period_month rows between unbounded preceding and 1 preceding)
),

leaking as (
    select
        *,
        turn - row_number() over (partition by sector_key order by period_month) as island
    from compared
    where months_before >= {{ metering_rule('night_leak_least_months') }} and night_flow_m3h > lowest_m3h * {{ metering_rule('night_leak_ratio') }}
),

episodes as (
    select
        sector_key,
        island,
        min(period_month) as first_month,
        max(period_month) as last_month,
        count(*) as months_count,
        max(turn) as last_turn,
        min(last_night_on) as opened_on,
        (array_agg(night_flow_m3h order by turn desc))[1] as observed_m3h,
        (array_agg(lowest_m3h order by turn desc))[1] as expected_m3h
    from leaking
    group by sector_key, island
)

select
    e.sector_key,
    s.sector_code,
    e.first_month,
    e.last_month,
    e.months_count,
    e.observed_m3h,
    e.expected_m3h,
    e.opened_on,
    after.last_night_on as closed_on
from episodes as e
inner join {{ ref('int_core__sector') }} as s on s.sector_key = e.sector_key
left join compared as after on after.sector_key = e.sector_key and after.turn = e.last_turn + 1
