-- Payments with what of them was applied. Grain: one row per payment, reversal or refund that left draft.
with payments as (
    select * from {{ ref('int_collections__payment') }}
),

reconciliations as (
    select * from {{ ref('int_receivables__reconciliation') }}
),

uses as (
    select credit_payment_key as payment_key, reconciled_amount as amount
    from reconciliations
    where credit_payment_key is not null

    union all

    -- money given back is negative, and so is its use
    select debit_payment_key, -reconciled_amount
    from reconciliations
    where debit_payment_key is not null
),

applied as (
    select payment_key, sum(amount) as applied_amount
    from uses
    group by payment_key
)

select
    p.payment_key,
    p.contract_key,
    p.customer_key,
    p.sector_key,
    p.route_key,
    p.municipality_key,
    p.user_type_key,
    p.collector_key,
    p.collector_name,
    p.channel,
    p.payment_form,
    p.paid_on,
    p.paid_at,
    p.payment_amount,
    coalesce(a.applied_amount, 0) as applied_amount,
    p.payment_amount - coalesce(a.applied_amount, 0) as unapplied_amount,
    p.state,
    p.is_reversal
from payments as p
left join applied as a on a.payment_key = p.payment_key
