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
    d.reader_key,
    d.reader_name,
    sum(d.readings_count)::bigint as readings_count,
    round(sum(d.readings_count / d.readings_of_day), 6)::numeric(18, 6) as reader_days
from by_day as d
inner join places as p on p.period_month = d.period_month and p.sector_key = d.sector_key and p.route_key = d.route_key
group by 1, 2, 3, 4, 5, 6, 7, 8
