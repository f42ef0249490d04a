-- What makes a contract's credit balance grow (payments, credit notes) and shrink (their application, money given back).
-- Grain: one row per contract and month with movement.
{% set touched %}{% raw %}
select c.contract_key, c.period_month from {{ changes_of(ref('int_collections__payment')) }} as c
union
select c.contract_key, c.period_month from {{ changes_of(ref('int_billing__document')) }} as c
union
select c.contract_key, c.period_month from {{ changes_of(ref('int_receivables__reconciliation'), 'credit') }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['contract_key', 'period_month'], 'keys': ['contract_key', 'period_month'],
        'log': [{'contract': 'contract_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['contract_key', 'period_month'], 'unique': true}],
) }}

with payments as (
    select p.* from {{ ref('int_collections__payment') }} as p
    {{ join_touched('p.contract_key', 'p.paid_on') }}
    where p.is_effective
),

credit_notes as (
    select d.* from {{ ref('int_billing__document') }} as d
    {{ join_touched('d.contract_key', 'd.issued_on') }}
    where d.state = 'posted' and d.sign = -1
),

-- applied: to an invoice, or back to the customer
applied as (
    select r.* from {{ ref('int_receivables__reconciliation') }} as r
    {{ join_touched('r.credit_contract_key', 'r.reconciled_on') }}
    where r.credit_kind in ('pago', 'nota_credito')
),

-- the other half of money given back: the outbound payment stops hanging
given_back as (
    select r.* from {{ ref('int_receivables__reconciliation') }} as r
    {{ join_touched('r.debit_contract_key', 'r.reconciled_on') }}
    where r.debit_payment_key is not null
),

movements as (
    select contract_key, paid_on as moved_on, payment_amount as amount from payments
    union all
    select contract_key, issued_on, total_amount from credit_notes
    union all
    select credit_contract_key, reconciled_on, -reconciled_amount from applied
    union all
    select debit_contract_key, reconciled_on, reconciled_amount from given_back
)

select contract_key, {{ month_of('moved_on') }} as period_month, sum(amount) as amount
from movements
group by 1, 2
having sum(amount) <> 0
