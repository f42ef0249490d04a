-- What each reader read, by the day of the reading; readings of a month that is not over are left for its end.
-- Grain: closed month × sector × route × reader.
with places as (
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
    coalesce(u.user_name, {{ unassigned_name() }}) as reader_name,
    r.readings_count,
    r.reader_days::numeric(18, 4) as reader_days
from {{ ref('int_metering__reader_month') }} as r
inner join places as p on p.period_month = r.period_month and p.sector_key = r.sector_key and p.route_key = r.route_key
left join {{ ref('stg_odoo__user') }} as u on u.user_id = r.reader_key
