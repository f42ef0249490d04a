-- Credits that customers have today, one by one, beside what their contract owes: an unapplied credit with open debt is for a clerk to apply.
-- Grain: one row per payment or credit note with something left.
with credits as (
    select * from {{ ref('int_collections__credit_span') }}
    where until_month is null
),

settled as (
    select invoice_key, sum(allocated_amount) as settled_amount
    from {{ ref('fct_payment_allocation') }}
    group by invoice_key
),

debts as (
    select i.contract_key, sum(i.total_amount - coalesce(st.settled_amount, 0)) as open_debt_amount
    from {{ ref('fct_invoice') }} as i
    left join settled as st on st.invoice_key = i.invoice_key
    where i.state = 'posted' and i.sign = 1
    group by i.contract_key
)

select
    cr.credit_kind,
    cr.credit_key,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    c.contract_key,
    c.contract_code,
    cr.credit_origin,
    cr.channel,
    cr.credited_on,
    {{ business_today() }} - cr.credited_on as age_days,
    cr.credit_amount,
    cr.remaining_amount as unapplied_amount,
    coalesce(d.open_debt_amount, 0) as open_debt_amount,
    cr.remaining_amount > 0 and coalesce(d.open_debt_amount, 0) > 0 as is_applicable
from credits as cr
inner join {{ ref('int_core__contract') }} as c on c.contract_key = cr.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
left join debts as d on d.contract_key = cr.contract_key and d.contract_key <> {{ unassigned_key() }}
