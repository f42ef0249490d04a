-- What a run of estimates and the reading that ends it took together, given back to the days on which it was used: each month of the stretch
-- gets its days' share of the total. A month's days go from the reading date before to its own; a month without a reading has the date
-- of the one that ended the run, so many months earlier. By running totals, so that not a litre is lost in rounding.
-- A stretch that no reading has ended keeps its estimates: they are provisional. Grain: one row per planned reading.
{% set touched %}{% raw %}
with changed as (
    select c.row_key as reading_key, c.contract_key, c.period_month from {{ changes_of(ref('int_metering__reading')) }} as c
),

-- one that comes for the first time moves its own stretch alone: what it parts from another one is among the changed
known as (
    select c.* from changed as c
    inner join {{ this }} as t on t.reading_key = c.reading_key
),

stretches as (
    select contract_key, meter_key, stretch, min(period_month) as first_month, max(period_month) as last_month
    from {{ ref('int_metering__reading') }}
    where contract_key in (select contract_key from known)
    group by contract_key, meter_key, stretch
),

-- a reading that went away was in one of the stretches beside its month
placed as (
    select *, lag(last_month) over along as month_before, lead(first_month) over along as month_after
    from stretches
    window along as (partition by contract_key, meter_key order by stretch)
),

reached as (
    select p.contract_key, p.meter_key, p.stretch
    from placed as p
    inner join known as c on c.contract_key = p.contract_key
        and c.period_month >= coalesce(p.month_before, c.period_month) and c.period_month <= coalesce(p.month_after, c.period_month)
    union
    select r.contract_key, r.meter_key, r.stretch
    from changed as c
    inner join {{ ref('int_metering__reading') }} as r on r.reading_key = c.reading_key
)

select r.reading_key from reached as s
-- by the index: how few they are, the planner cannot know
cross join lateral (
    select t.reading_key from {{ ref('int_metering__reading') }} as t
    where t.contract_key = s.contract_key and t.stretch = s.stretch and t.meter_key = s.meter_key
    order by t.reading_key offset 0
) as r
union
select reading_key from changed
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['reading_key'], 'keys': ['reading_key'],
        'log': [
            {'row': 'reading_key', 'contract': 'contract_key', 'month': 'period_month'},
            {'topic': 'meter', 'row': 'meter_key', 'month': 'period_month'},
        ],
    }},
    indexes=[{'columns': ['reading_key'], 'unique': true}, {'columns': ['contract_key', 'period_month']}],
) }}

with readings as (
    select * from {{ ref('int_metering__reading') }}
    {% if is_incremental() %}where reading_key in (select reading_key from touched){% endif %}
),

stretches as (
    select
        *,
        bool_or(is_read) over stretch as is_closed,
        bool_or(reading_kind = 'estimated') over stretch as has_estimates,
        max(read_on) filter (where is_read) over stretch as ended_on,
        max(period_month) over stretch as last_month,
        min(previous_read_on) over stretch as began_on,
        sum(consumption_m3) over stretch as taken_m3
    from readings
    window stretch as (partition by contract_key, meter_key, stretch)
),

dated as (
    select
        *,
        is_closed and has_estimates and ended_on is not null as is_regularised,
        (ended_on - make_interval(
            months => ((extract(year from last_month) - extract(year from period_month)) * 12
                + extract(month from last_month) - extract(month from period_month))::int
        ))::date as due_on
    from stretches
),

counted as (
    select
        *,
        -- a contract that was cut off meanwhile used nothing then: the first month has 45 days at most
        greatest(
            due_on - coalesce(
                lag(due_on) over along,
                case when began_on is null then (due_on - interval '1 month')::date else greatest(began_on, due_on - 45) end
            ),
            1
        ) as days
    from dated
    window along as (partition by contract_key, meter_key, stretch order by period_month, reading_key)
),

summed as (
    select
        *,
        sum(days) over (partition by contract_key, meter_key, stretch) as all_days,
        sum(days) over (partition by contract_key, meter_key, stretch order by period_month, reading_key) as days_so_far
    from counted
)

select
    reading_key,
    contract_key,
    meter_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    period_month,
    reading_kind,
    is_read,
    case when is_regularised then days end as attributed_days,
    case when is_regularised then ended_on end as regularised_on,
    case
        when is_regularised then 'regularised'
        else reading_kind
    end as attribution,
    consumption_m3::numeric(18, 3) as booked_m3,
    case
        when is_regularised then round(taken_m3 * days_so_far / all_days, 3) - round(taken_m3 * (days_so_far - days) / all_days, 3)
        else consumption_m3
    end::numeric(18, 3) as attributed_m3
from summed
