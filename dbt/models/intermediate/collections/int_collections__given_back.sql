-- Payments whose money was given back: an outbound payment says that it reverses them, or is reconciled with them.
-- Grain: one row per payment with something given back.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {'row': ['payment_key'], 'keys': [], 'log': [{'row': 'payment_key', 'month': 'given_back_on'}]}},
    indexes=[{'columns': ['payment_key'], 'unique': true}],
) }}

with outbound as (
    select payment_key, reversal_of_payment_id, paid_on, -payment_amount as amount
    from {{ ref('int_collections__payment') }}
    where is_effective and payment_type = 'outbound'
),

named as (
    select reversal_of_payment_id as payment_key, payment_key as reversal_key, paid_on, amount
    from outbound
    where reversal_of_payment_id is not null
),

reconciled as (
    select
        r.credit_payment_key as payment_key,
        o.payment_key as reversal_key,
        o.paid_on,
        r.reconciled_amount as amount
    from {{ ref('int_receivables__reconciliation') }} as r
    inner join outbound as o on o.payment_key = r.debit_payment_key
    where r.credit_payment_key is not null
        -- a named reversal is there already, reconciled or not
        and not exists (select from named as n where n.reversal_key = o.payment_key)
),

given_back as (
    select payment_key, reversal_key, paid_on, amount from named
    union all
    select payment_key, reversal_key, paid_on, amount from reconciled
)

select
    g.payment_key,
    min(g.paid_on) as given_back_on,
    sum(g.amount) as given_back_amount
from given_back as g
inner join {{ ref('int_collections__payment') }} as p on p.payment_key = g.payment_key
where p.is_effective
group by g.payment_key
