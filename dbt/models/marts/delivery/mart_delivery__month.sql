-- Bills of the month, how they were sent and whether they arrived; and the attempts that failed, with why. Everything counts in the month
-- of the bill's issue. Flows only: a channel or a reason without bills has no row.
-- Grain: closed month × sector × route × user type × channel × reason of failure (empty: bills, and attempts that did not fail).
with counted as (
    select
        period_month, sector_key, route_key, user_type_key, channel_code, channel_name,
        '' as failure_reason, '' as failure_reason_name,
        1 as issued_bills, is_delivered::int as delivered_bills, is_failed::int as undelivered_bills, 0 as delivery_attempts, 0 as failed_attempts
    from {{ ref('int_delivery__bill') }}
    union all
    select
        {{ month_of('coalesce(issued_on, sent_on)') }}, sector_key, route_key, user_type_key, channel_code, channel_name,
        coalesce(failure_reason, ''), coalesce(failure_reason_name, ''),
        0, 0, 0, 1, is_failed::int
    from {{ ref('fct_delivery') }}
)

select
    m.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    c.channel_code,
    c.channel_name,
    c.failure_reason,
    c.failure_reason_name,
    sum(c.issued_bills) as issued_bills,
    sum(c.delivered_bills) as delivered_bills,
    sum(c.undelivered_bills) as undelivered_bills,
    sum(c.delivery_attempts) as delivery_attempts,
    sum(c.failed_attempts) as failed_attempts
from counted as c
inner join {{ ref('int_core__closed_month') }} as m on m.period_month = c.period_month
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
