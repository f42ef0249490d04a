-- Bills of the month, how they were sent and whether they arrived; and the attempts that failed, with why. Everything counts in the month
-- of the bill's issue. Flows only: a channel or a reason without bills has no row.
-- Grain: closed month × sector × route × user type × channel × reason of failure (empty: bills, and attempts that did not fail).
select
    m.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    c.channel_code,
    {{ delivery_channel_name('c.channel_code') }} as channel_name,
    c.failure_reason,
    {{ delivery_failure_name('c.failure_reason') }} as failure_reason_name,
    sum(c.issued_bills)::bigint as issued_bills,
    sum(c.delivered_bills)::bigint as delivered_bills,
    sum(c.undelivered_bills)::bigint as undelivered_bills,
    sum(c.delivery_attempts)::bigint as delivery_attempts,
    sum(c.failed_attempts)::bigint as failed_attempts
from {{ ref('fct_delivery_month') }} as c
inner join {{ ref('int_core__closed_month') }} as m on m.period_month = c.period_month
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
