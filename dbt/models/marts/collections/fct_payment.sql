-- Payments with what of them was applied. Grain: one row per payment, reversal or refund that left draft.
{% set touched %}{% raw %}
select c.row_key as payment_key, c.period_month from {{ changes_of(ref('int_collections__payment')) }} as c
union
select p.payment_key, {{ month_of('p.paid_on') }} from {{ changes_of(ref('int_receivables__reconciliation'), 'payment') }} as c
inner join {{ ref('int_collections__payment') }} as p on p.payment_key = c.row_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['payment_key'], 'keys': ['payment_key'],
        'month': 'paid_on', 'at': 'month',
        'months': "select distinct date_trunc('month', paid_on)::date from {{ ref('int_collections__payment') }}",
        'log': [
            {'row': 'payment_key', 'contract': 'contract_key', 'month': 'paid_on'},
            {'topic': 'sums', 'month': 'paid_on', 'of': [
                'paid_on', 'sector_key', 'route_key', 'user_type_key', 'channel', 'payment_form', 'collector_key', 'collector_name', 'payment_amount',
                'is_reversal']},
        ],
    }},
    indexes=[{'columns': ['contract_key', 'paid_on']}],
) }}

with payments as (
    select * from {{ ref('int_collections__payment') }}
    {% if is_incremental() %}where payment_key in (select payment_key from touched){% endif %}
),

reconciliations as {{ found_by_key() }} (
    select * from {{ ref('int_receivables__reconciliation') }}
),

uses as (
    select credit_payment_key as payment_key, reconciled_amount as amount
    from reconciliations
    where credit_payment_key is not null
        {% if is_incremental() %}and credit_payment_key in (select payment_key from touched){% endif %}

    union all

    -- money given back is negative, and so is its use
    select debit_payment_key, -reconciled_amount
    from reconciliations
    where debit_payment_key is not null
        {% if is_incremental() %}and debit_payment_key in (select payment_key from touched){% endif %}
),

applied as (
    select payment_key, sum(amount) as applied_amount
    from uses
    group by payment_key
)

select
    p.payment_key,
    p.contract_key,
    p.contract_version_key,
    p.customer_key,
    p.sector_key,
    p.route_key,
    p.municipality_key,
    p.user_type_key,
    p.collector_key,
    p.collector_name,
    p.channel_key,
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
