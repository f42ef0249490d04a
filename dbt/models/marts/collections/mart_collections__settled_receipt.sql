-- Receipts of external collectors by the month in which their deposit arrived: what the median of days to settle stands on.
-- Grain: one row per receipt deposited in a closed month.
select
    r.payment_key,
    {{ month_of('r.deposited_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    u.user_type_name,
    r.collector_name,
    r.paid_on,
    r.deposited_on,
    r.days_to_settle,
    r.receipt_amount
from {{ ref('int_collections__collector_receipt') }} as r
inner join {{ ref('int_core__sector') }} as s on s.sector_key = r.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = r.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = r.user_type_key
where {{ month_of('r.deposited_on') }} <= {{ last_closed_month() }}
