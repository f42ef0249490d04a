-- Credit notes by reason. Flows only: a reason that was not used in a month has no row.
-- Grain: closed month × sector × route × user type × reason.
select
    m.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    n.credit_reason,
    n.credit_reason_name,
    n.is_billing_error,
    count(*) as credit_notes_count,
    sum(n.untaxed_amount)::numeric(18, 2) as credited_reason_amount,
    sum(n.credited_m3)::numeric(18, 3) as credited_m3
from {{ ref('fct_credit_note') }} as n
inner join {{ ref('int_core__closed_month') }} as m on m.period_month = {{ month_of('n.issued_on') }}
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = n.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = n.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = n.user_type_key
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
