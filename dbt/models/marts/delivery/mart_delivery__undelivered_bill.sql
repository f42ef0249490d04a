-- Bills that did not reach their customer, each with its last failed attempt: what to mend before the next issue. Those of the last months only.
-- Grain: one row per bill.
with lost as (
    select * from {{ ref('int_delivery__bill') }}
    where is_failed and period_month >= {{ last_closed_month() }} - interval '2 months'
),

attempts as (
    select distinct on (invoice_key) * from {{ ref('fct_delivery') }}
    where is_failed and invoice_key is not null
    order by invoice_key, sent_at desc nulls last, delivery_key desc
)

select
    l.invoice_key,
    l.contract_key,
    c.contract_code,
    l.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    i.fiscal_number,
    i.issued_on,
    i.due_on,
    i.total_amount,
    a.channel_name,
    a.failure_reason_name,
    a.courier,
    a.sent_on
from lost as l
inner join attempts as a on a.invoice_key = l.invoice_key
inner join {{ ref('fct_invoice') }} as i on i.invoice_key = l.invoice_key
inner join {{ ref('int_core__contract') }} as c on c.contract_key = l.contract_key
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = l.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = l.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = l.user_type_key
