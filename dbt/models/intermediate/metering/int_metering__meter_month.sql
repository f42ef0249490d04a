-- Each meter at the end of each closed month it was in service: age, what went through it, how much it is taken not to register, and whether it
-- works. Volume: the first index known of it plus all that was read or estimated since, so that a dial that went round counts in full. Error: its
-- class's at age zero, plus the larger of what age and volume add (both measure the same wear), up to the class's limit; what was not registered
-- is error ÷ (1 − error) of what was. A meter works unless its last reading says it is broken, or nobody could read it for months. Without a date
-- of installation there is no age, and volume alone counts. Sector, route and user type are those of its contract then.
-- Grain: one row per meter in service and closed month.
{% set touched %}{% raw %}
with changed as (
    select c.row_key as meter_key, c.period_month as from_month from {{ changes_of(ref('int_metering__reading'), 'meter') }} as c
    union all
    select c.row_key, c.period_month from {{ changes_of(ref('int_metering__attributed_reading'), 'meter') }} as c
    union all
    select c.row_key, date '0001-01-01' from {{ changes_of(ref('int_metering__meter')) }} as c
    union all
    select m.meter_key, c.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
    inner join {{ ref('int_metering__meter') }} as m on m.contract_key = c.contract_key
    union all
    select m.meter_key, n.period_month from {{ newly_closed_months() }} as n
    cross join {{ ref('int_metering__meter') }} as m
    union all
    -- what is older than all else makes the history begin earlier
    select m.meter_key, first.period_month from (select min(c.period_month) as period_month from {{ ref('int_core__closed_month') }} as c) as first
    cross join {{ ref('int_metering__meter') }} as m
    where first.period_month < (select min(t.period_month) from {{ this }} as t)
),

meters as (
    select meter_key, min(from_month) as from_month from changed
    group by meter_key
),

-- the first index of a meter counts in the months before it too
first_readings as (
    select meter_key, min(period_month) as period_month from {{ ref('int_metering__reading') }}
    where meter_key in (select meter_key from meters)
    group by meter_key
)

select m.meter_key, c.period_month from meters as m
left join first_readings as f on f.meter_key = m.meter_key
inner join {{ ref('int_core__closed_month') }} as c on c.period_month >= m.from_month or coalesce(m.from_month <= f.period_month, true)
union
select t.meter_key, t.period_month from {{ this }} as t
where t.period_month < (select min(c.period_month) from {{ ref('int_core__closed_month') }} as c)
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['meter_key', 'period_month'], 'keys': ['meter_key', 'period_month'],
        'log': [{'row': 'meter_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['meter_key', 'period_month'], 'unique': true}, {'columns': ['period_month']}],
) }}

with meters as (
    select * from {{ ref('int_metering__meter') }}
    {% if is_incremental() %}where meter_key in (select meter_key from touched){% endif %}
),

months as (
    select * from {{ ref('int_core__closed_month') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

readings as (
    select
        r.meter_key,
        r.period_month,
        sum(a.booked_m3) as taken_m3,
        sum(a.attributed_m3) filter (where a.attribution <> 'estimated') as measured_m3,
        min(r.previous_value_m3) as first_index_m3,
        bool_or(r.is_read) as is_read,
        bool_or(r.incident = 'meter_broken') as is_broken
    from {{ ref('int_metering__reading') }} as r
    inner join {{ ref('int_metering__attributed_reading') }} as a on a.reading_key = r.reading_key
    where r.meter_key <> {{ unassigned_key() }}
        {% if is_incremental() %}and r.meter_key in (select meter_key from touched){% endif %}
    group by r.meter_key, r.period_month
),

first_indexes as (
    select distinct on (meter_key) meter_key, first_index_m3
    from readings
    order by meter_key, period_month
),

in_service as (
    select
        m.*,
        mo.period_month,
        mo.month_end_on,
        coalesce(f.first_index_m3, 0) + sum(coalesce(r.taken_m3, 0)) over so_far as accumulated_m3,
        coalesce(r.measured_m3, 0) as measured_m3,
        max(mo.period_month) filter (where r.is_read) over so_far as last_read_month,
        min(mo.period_month) filter (where r.meter_key is not null) over so_far as first_planned_month,
        max(mo.period_month) filter (where r.meter_key is not null) over so_far as last_planned_month,
        max(mo.period_month) filter (where r.is_broken) over so_far as last_broken_month,
        round((mo.month_end_on - m.installed_on) / 365.25, 2) as age_years
    from meters as m
    inner join months as mo
        on coalesce(m.installed_on, mo.month_end_on) <= mo.month_end_on
            and (m.retired_on is null or m.retired_on > mo.month_end_on)
    left join readings as r on r.meter_key = m.meter_key and r.period_month = mo.period_month
    left join first_indexes as f on f.meter_key = m.meter_key
    where m.is_active or m.retired_on is not null
    window so_far as (partition by m.meter_key order by mo.period_month)
),

judged as (
    select
        *,
        least(
            initial_error_ratio + greatest(error_ratio_per_year * age_years, error_ratio_per_1000_m3 * accumulated_m3 / 1000),
            max_error_ratio
        ) as error_ratio,
        not coalesce(last_broken_month > coalesce(last_read_month, '-infinity'::date), false)
        and (
            last_planned_month is null
            or last_planned_month < coalesce(last_read_month, first_planned_month) + {{ metering_rule('meter_unread_months') }} * interval '1 month'
        ) as is_working
    from in_service
)

select
    j.meter_key,
    j.period_month,
    j.contract_key,
    v.sector_key,
    v.route_key,
    v.municipality_key,
    v.user_type_key,
    j.age_years::numeric(8, 2) as age_years,
    j.accumulated_m3::numeric(18, 3) as accumulated_m3,
    coalesce(j.age_years > j.max_age_years, false) as is_over_age,
    j.accumulated_m3 > j.max_volume_m3 as is_over_volume,
    j.is_working,
    j.error_ratio::numeric(8, 5) as error_ratio,
    j.measured_m3::numeric(18, 3) as measured_m3,
    round(j.measured_m3 * j.error_ratio / (1 - j.error_ratio), 3)::numeric(18, 3) as under_registered_m3
from judged as j
inner join versions as v on {{ version_of('v', 'j.contract_key', 'j.month_end_on') }}
{% if is_incremental() %}where (j.meter_key, j.period_month) in (select meter_key, period_month from touched){% endif %}
{{ laid_by_month() }}
