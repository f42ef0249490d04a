-- Payments that Odoo applied otherwise than the rule says, with the names of their contract and of who took them.
-- Grain: one row per payment and day of application that deviates.
select
    a.payment_key,
    a.applied_on,
    {{ month_of('a.applied_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    c.contract_code,
    p.channel,
    p.collector_name,
    p.paid_on,
    p.payment_amount,
    a.available_amount,
    a.owed_amount,
    a.expected_amount,
    a.applied_amount,
    a.misallocated_amount,
    a.unapplied_amount,
    a.surcharge_skipped_amount,
    a.skipped_due_on,
    a.deviation_reason
from {{ ref('int_collections__allocation_deviation') }} as a
inner join {{ ref('int_collections__payment') }} as p on p.payment_key = a.payment_key
inner join {{ ref('int_core__contract') }} as c on c.contract_key = a.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
