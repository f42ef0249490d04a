-- What is still open today, the most overdue first for whoever must answer. Grain: one row per open case.
select
    r.request_key,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    c.contract_code,
    r.request_source,
    r.request_kind,
    r.request_number,
    r.channel,
    r.assigned_to,
    r.opened_on,
    r.open_days,
    r.due_on,
    r.is_overdue,
    case when r.is_overdue then {{ business_today() }} - r.due_on else 0 end as overdue_days
from {{ ref('fct_service_request') }} as r
inner join {{ ref('int_core__sector') }} as s on s.sector_key = r.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = r.route_key
inner join {{ ref('int_core__contract') }} as c on c.contract_key = r.contract_key
where r.status = 'abierta'
