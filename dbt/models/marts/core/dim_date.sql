-- Calendar from the first year with data to the end of the present one. Grain: one row per day.
with first_month as (
    select coalesce(min(period_month), {{ month_of(business_today()) }}) as first_on from {{ ref('int_core__closed_month') }}
),

days as (
    select generate_series(
        date_trunc('year', first_on), date_trunc('year', {{ business_today() }}) + interval '1 year' - interval '1 day', interval '1 day'
    )::date as date_day
    from first_month
)

select
    date_day,
    {{ month_of('date_day') }} as period_month,
    extract(year from date_day)::smallint as year,
    extract(month from date_day)::smallint as month,
    extract(quarter from date_day)::smallint as quarter,
    {{ month_name_es('extract(month from date_day)::int') }} as month_name_es,
    left({{ month_name_es('extract(month from date_day)::int') }}, 3) || ' ' || extract(year from date_day)::int as month_label_es,
    date_day = {{ month_end(month_of('date_day')) }} as is_month_end,
    extract(isodow from date_day) <= 5 as is_business_day
from days
