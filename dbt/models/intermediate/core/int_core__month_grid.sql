-- Every closed month × route × user type, "Sin asignar" included: what the KPI marts stand on, so that none of them has holes.
-- A route that serves points of two sectors is there once with each, and with the sectors that it served before; each sector is there with "Sin asignar" too.
-- Grain: month × sector × route × user type.
with served as (
    select sector_key, route_key from {{ ref('int_core__contract') }}
    union
    select sector_key, route_key from {{ ref('int_core__contract_version') }}
    union
    select sector_key, {{ unassigned_key() }} from {{ ref('int_core__sector') }}
)

select
    m.period_month,
    m.month_end_on,
    s.sector_key,
    s.sector_code,
    s.sector_name,
    s.municipality_code,
    s.municipality_name,
    r.route_key,
    r.route_code,
    u.user_type_key,
    u.user_type_name
from {{ ref('int_core__closed_month') }} as m
cross join served
inner join {{ ref('int_core__sector') }} as s on s.sector_key = served.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = served.route_key
cross join {{ ref('int_core__user_type') }} as u
