-- What each reader read. A day on which somebody read in two places counts in each by its share of that day's readings, so that days add up to days.
-- By the day of the reading; readings of a month that is not over are left for its end. Grain: closed month × sector × route × reader.
with readings as (
    select * from {{ ref('fct_reading') }}
    where is_read and read_on is not null
),

by_day as (
    select
        {{ month_of('read_on') }} as period_month,
        sector_key,
        route_key,
        reader_key,
        reader_name,
        read_on,
        count(*) as readings_count,
        sum(count(*)) over (partition by reader_key, read_on) as readings_of_day
    from readings
    group by sector_key, route_key, reader_key, reader_name, read_on
),

by_place as (
    select
        period_month,
        sector_key,
        route_key,
        reader_key,
        reader_name,
        sum(readings_count)::bigint as readings_count,
        sum(sum(readings_count / readings_of_day)) over (
            partition by period_month, reader_key order by sector_key, route_key
        ) as days_so_far
    from by_day
    group by period_month, sector_key, route_key, reader_key, reader_name
),

rounded as (
    select
        *,
        -- four decimals, as Power BI keeps; by running totals, so that a reader's days are whole
        round(days_so_far, 4) - coalesce(round(lag(days_so_far) over along, 4), 0) as reader_days
    from by_place
    window along as (partition by period_month, reader_key order by sector_key, route_key)
),

places as (
    select distinct
        period_month, sector_key, route_key, municipality_code, municipality_name, sector_code, sector_name, route_code
    from {{ ref('int_core__month_grid') }}
)

select
    p.period_month,
    p.municipality_code,
    p.municipality_name,
    p.sector_code,
    p.sector_name,
    p.route_code,
    r.reader_key,
    r.reader_name,
    r.readings_count,
    r.reader_days::numeric(18, 4) as reader_days
from rounded as r
inner join places as p on p.period_month = r.period_month and p.sector_key = r.sector_key and p.route_key = r.route_key
