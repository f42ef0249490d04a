-- Every closed month × sector × user type, "Sin asignar" included: what the KPI marts stand on, so that none of them has holes.
-- Grain: month × sector × user type.
select
    m.period_month,
    m.month_end_on,
    s.sector_key,
    s.sector_code,
    s.sector_name,
    s.municipality_code,
    s.municipality_name,
    u.user_type_key,
    u.user_type_name
from {{ ref('int_core__closed_month') }} as m
cross join {{ ref('int_core__sector') }} as s
cross join {{ ref('int_core__user_type') }} as u
