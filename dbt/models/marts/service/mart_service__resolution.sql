-- Cases resolved in closed months, each with its own hours: what medians and percentiles are taken over. Grain: one row per resolved case.
select
    r.request_key,
    {{ month_of('r.closed_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    ut.user_type_name,
    r.request_source,
    r.request_kind,
    r.channel,
    r.request_number,
    r.opened_on,
    r.closed_on,
    r.resolution_hours,
    r.resolution_working_hours,
    r.is_within_sla,
    r.is_founded
from {{ ref('fct_service_request') }} as r
inner join {{ ref('int_core__closed_month') }} as m on m.period_month = {{ month_of('r.closed_on') }}
inner join {{ ref('int_core__sector') }} as s on s.sector_key = r.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = r.route_key
inner join {{ ref('int_core__user_type') }} as ut on ut.user_type_key = r.user_type_key
where r.status = 'resuelta' and r.resolution_hours is not null
