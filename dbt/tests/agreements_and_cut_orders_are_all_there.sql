-- Agreements, instalments and cut orders add up to the same in raw, in their fact and in their monthly mart; an agreement recovers no more than
-- what was agreed, and its instalments get exactly what is left of that after the down payment.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

with raw_sums as (
    select 'convenios' as thing, sum(amount) as amount, count(*) as n from {{ source('odoo', 'agreement') }} where _deleted_at is null
    union all
    select 'cuotas iniciales', sum(down_payment), count(*) from {{ source('odoo', 'agreement') }} where _deleted_at is null
    union all
    select 'cuotas', sum(amount), count(*) from {{ source('odoo', 'agreement_instalment') }} where _deleted_at is null
    union all
    select 'órdenes', count(executed_on) filter (where state = 'done'), count(*) from {{ source('odoo', 'cut_order') }} where _deleted_at is null
),

fact_sums as (
    select 'convenios' as thing, sum(agreed_amount) as amount, count(*) as n from {{ ref('fct_agreement') }}
    union all
    select 'cuotas iniciales', sum(down_payment_amount), count(*) from {{ ref('fct_agreement') }}
    union all
    select 'cuotas', sum(instalment_amount), count(*) from {{ ref('fct_agreement_instalment') }}
    union all
    select 'órdenes', count(executed_on), count(*) from {{ ref('fct_cut_order') }}
),

facts_by_month as (
    select 'firmado' as thing, {{ month_of('signed_on') }} as period_month, sum(agreed_amount) as amount from {{ ref('fct_agreement') }} group by 2
    union all
    select 'caídos', {{ month_of('broken_on') }}, count(*) from {{ ref('fct_agreement') }} where broken_on is not null group by 2
    union all
    select 'cuotas vencidas', {{ month_of('due_on') }}, sum(instalment_amount) from {{ ref('fct_agreement_instalment') }} where is_enforceable group by 2
    union all
    select 'cortes', {{ month_of('executed_on') }}, count(*) from {{ ref('fct_cut_order') }} where executed_on is not null group by 2
),

marts_by_month as (
    select 'firmado' as thing, period_month, sum(signed_amount) as amount from {{ ref('mart_agreements__month') }} group by 2
    union all
    select 'caídos', period_month, sum(broken_agreements) from {{ ref('mart_agreements__month') }} group by 2
    union all
    select 'cuotas vencidas', period_month, sum(due_instalments_amount) from {{ ref('mart_agreements__month') }} group by 2
    union all
    select 'cortes', period_month, sum(cuts_executed + reconnections_executed) from {{ ref('mart_receivables__cut_month') }} group by 2
),

instalments as (
    select agreement_key, sum(recovered_amount) as recovered_amount from {{ ref('fct_agreement_instalment') }} group by 1
)

select thing, null::date as period_month, r.amount as one_amount, f.amount as other_amount
from raw_sums as r
full join fact_sums as f using (thing)
where coalesce(r.amount, 0) <> coalesce(f.amount, 0) or r.n <> f.n

union all

select thing, period_month, f.amount as one_amount, m.amount as other_amount
from facts_by_month as f
full join marts_by_month as m using (thing, period_month)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0) and period_month in ({{ closed }})

union all

select 'recuperado de ' || a.agreement_name, null, a.recovered_amount, coalesce(i.recovered_amount, 0)
from {{ ref('fct_agreement') }} as a
left join instalments as i on i.agreement_key = a.agreement_key
where a.recovered_amount > a.agreed_amount
    or coalesce(i.recovered_amount, 0) <> least(a.instalments_amount, greatest(0, a.recovered_amount - a.down_payment_amount))
