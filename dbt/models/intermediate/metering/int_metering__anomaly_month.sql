-- Readings that do not fit the history of their contract, month by month, of the last months only (metering_rule anomaly_months). high: above the
-- median of the contract's earlier real readings by more than so many MADs (1.4826 × MAD is a normal distribution's sigma), and above twice the
-- median, and by so many m³. zero: nothing, where the median is not nearly so. negative: the index went back, or the reading showed less than had
-- been estimated. estimated: so many months in a row without a reading, of a contract with a meter. Median and MAD are robust: one burst pipe
-- among twelve months does not hide the next. A reading looks back and not ahead: of a contract those from its first changed month on are looked at again.
-- Grain: reading × kind.
{% set touched %}{% raw %}
with changed as (
    select c.contract_key, min(c.period_month) as from_month from {{ changes_of(ref('int_metering__reading')) }} as c
    where c.contract_key <> {{ unassigned_key() }}
    group by c.contract_key
)

select r.reading_key, c.contract_key, c.from_month from changed as c
inner join {{ ref('int_metering__reading') }} as r
    on r.contract_key = c.contract_key and r.period_month >= c.from_month and r.period_month > {{ anomalies_after() }}
union
select t.reading_key, c.contract_key, c.from_month from changed as c
inner join {{ this }} as t on t.contract_key = c.contract_key and t.period_month >= c.from_month
union
-- a month that closes puts the oldest out
select t.reading_key, t.contract_key, t.period_month from {{ this }} as t
where t.period_month <= {{ anomalies_after() }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['reading_key', 'anomaly_kind'], 'keys': ['reading_key'],
        'log': [{'row': 'reading_key', 'contract': 'contract_key'}],
    }},
    indexes=[{'columns': ['reading_key', 'anomaly_kind'], 'unique': true}, {'columns': ['contract_key']}],
) }}

{% set all_readings = ref('int_metering__reading') %}

with {% if is_incremental() -%}
contracts as (
    select contract_key, greatest(min(from_month), {{ anomalies_after() }}) as from_month
    from touched
    group by contract_key
),

-- how far back those months look: as many real readings as they are compared with, and to where their stretches began
reach as materialized (
    select
        k.contract_key,
        least(
            k.from_month,
            coalesce((
                select r.period_month from {{ all_readings }} as r
                where r.contract_key = k.contract_key and r.period_month < k.from_month and r.is_read and r.reading_kind = 'real'
                order by r.period_month desc, r.reading_key desc
                limit 1 offset {{ metering_rule('anomaly_history_readings') }} - 1
            ), '-infinity'),
            (
                select min(s.period_month) from {{ all_readings }} as r
                inner join {{ all_readings }} as s on s.contract_key = r.contract_key and s.stretch = r.stretch and s.meter_key = r.meter_key
                where r.contract_key = k.contract_key and r.period_month >= k.from_month
            )
        ) as from_month
    from contracts as k
),

{% endif -%}
readings as (
    select r.* from {{ all_readings }} as r
    {% if is_incremental() %}inner join reach as k on k.contract_key = r.contract_key and r.period_month >= k.from_month{% endif %}
    where r.contract_key <> {{ unassigned_key() }}
),

real_readings as (
    select
        *,
        array_agg(consumption_m3) over before as history,
        count(*) over before as history_readings,
        min(consumption_m3) over before as least_m3
    from readings
    where is_read and reading_kind = 'real'
    window before as (
        partition by contract_key order by period_month, reading_key
        rows between {{ metering_rule('anomaly_history_readings') }} preceding and 1 preceding
    )
),

recent as (
    select * from real_readings
    where period_month > {{ anomalies_after() }} and {{ is_touched('reading_key') }}
        and history_readings >= {{ metering_rule('anomaly_least_readings') }}
        -- else it can't be twice the median, and no median is needed to know it
        and (consumption_m3 = 0 or 2 * least_m3 < consumption_m3)
),

compared as (
    select r.*, middle.median_m3, spread.mad_m3
    from recent as r
    cross join lateral (
        select percentile_cont(0.5) within group (order by h.m3)::numeric(18, 3) as median_m3 from unnest(r.history) as h (m3)
    ) as middle
    cross join lateral (
        select percentile_cont(0.5) within group (order by abs(h.m3 - middle.median_m3))::numeric(18, 3) as mad_m3 from unnest(r.history) as h (m3)
    ) as spread
    where r.consumption_m3 = 0 or r.consumption_m3 > 2 * middle.median_m3
),

limited as (
    select
        *,
        greatest(
            median_m3 + {{ metering_rule('anomaly_mad_factor') }} * 1.4826 * mad_m3,
            2 * median_m3,
            median_m3 + {{ metering_rule('anomaly_least_excess_m3') }}
        )::numeric(18, 3) as limit_m3
    from compared
),

against_history as (
    select
        *,
        case
            when consumption_m3 > limit_m3 then 'high'
            when consumption_m3 = 0 and median_m3 >= {{ metering_rule('anomaly_least_median_m3') }} then 'zero'
        end as anomaly_kind
    from limited
),

stretches as (
    select
        *,
        count(*) filter (where reading_kind = 'estimated') over stretch_so_far as estimated_months,
        sum(consumption_m3) filter (where reading_kind = 'estimated') over stretch_so_far as estimated_m3
    from readings
    window stretch_so_far as (partition by contract_key, meter_key, stretch order by period_month, reading_key)
),

unread as (
    select
        *,
        case
            when is_read and (index_difference_m3 < 0 or consumption_m3 < 0 or index_difference_m3 < estimated_m3) then 'negative'
            when reading_kind = 'adjusted' and is_read and estimated_m3 > 0 and consumption_m3 = 0 then 'negative'
            when not is_read and meter_key <> {{ unassigned_key() }}
                and estimated_months >= {{ metering_rule('anomaly_estimated_months') }} then 'estimated'
        end as anomaly_kind
    from stretches
    where period_month > {{ anomalies_after() }} and {{ is_touched('reading_key') }}
)

select
    reading_key, contract_key, meter_key, sector_key, route_key, municipality_key, user_type_key, period_month, read_on, anomaly_kind,
    consumption_m3, median_m3 as expected_m3, limit_m3
from against_history
where anomaly_kind is not null

union all

select
    reading_key, contract_key, meter_key, sector_key, route_key, municipality_key, user_type_key, period_month, read_on, anomaly_kind,
    case anomaly_kind when 'negative' then coalesce(index_difference_m3, consumption_m3) else consumption_m3 end,
    coalesce(estimated_m3, 0),
    null
from unread
where anomaly_kind is not null
