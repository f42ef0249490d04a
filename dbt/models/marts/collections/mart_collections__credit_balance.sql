-- Credits that customers have today, one by one, beside what their contract owes: an unapplied credit with open debt is for a clerk to apply.
-- Grain: one row per payment or credit note with something left.
with credits as (
    select * from {{ ref('int_collections__credit_span') }}
    where until_month is null
),

debts as (
    select contract_key, sum(balance_amount) as open_debt_amount
    from {{ ref('int_receivables__open_balance') }}
    where until_month is null
    group by contract_key
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
