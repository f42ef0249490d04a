-- What each reader read, by the day of the reading. A day on which somebody read in two places counts in each by its share of that day's readings, so that
-- days add up to days. A month of which a reading that was had changed is added up again, and only that.
-- Grain: month × sector × route × reader.
{% set touched %}{% raw %}{{ changed_months_of([[ref('int_metering__reading'), 'read']]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'reader_key'], 'keys': ['period_month']}},
) }}

with readings as (
    select * from {{ touched_months_of(ref('int_metering__reading'), 'read_on') }}
    where is_read and read_on is not null
),

by_day as (
    select
        {{ month_of('read_on') }} as period_month,
        sector_key,
        route_key,
        reader_key,
        read_on,
        count(*) as readings_count,
        sum(count(*)) over (partition by reader_key, read_on) as readings_of_day
    from readings
    group by sector_key, route_key, reader_key, read_on
),

by_place as (
    select
        period_month,
        sector_key,
        route_key,
        reader_key,
        sum(readings_count)::bigint as readings_count,
        sum(sum(readings_count / readings_of_day)) over (
            partition by period_month, reader_key order by sector_key, route_key
        ) as days_so_far
    from by_day
    group by period_month, sector_key, route_key, reader_key
)

select
    period_month,
    sector_key,
    route_key,
    reader_key,
    readings_count,
    -- four decimals, as Power BI keeps; by running totals, so that a reader's days are whole
    round(days_so_far, 4) - coalesce(round(lag(days_so_far) over along, 4), 0) as reader_days
from by_place
window along as (partition by period_month, reader_key order by sector_key, route_key)
