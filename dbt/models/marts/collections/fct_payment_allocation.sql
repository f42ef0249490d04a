-- Grain: one row per partial reconciliation of an invoice with a payment, a credit note or an accounting entry.
{% set touched %}{% raw %}
select c.row_key as allocation_key, c.period_month from {{ changes_of(ref('int_receivables__reconciliation')) }} as c
union
select r.reconcile_id, {{ month_of('r.reconciled_on') }}
from (select distinct c.row_key from {{ changes_of(ref('int_billing__document')) }} as c) as d
inner join {{ ref('int_receivables__reconciliation') }} as r on r.debit_invoice_key = d.row_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['allocation_key'], 'keys': ['allocation_key'],
        'month': 'allocated_on', 'at': 'month',
        'months': "select distinct date_trunc('month', reconciled_on)::date from {{ ref('int_receivables__reconciliation') }}",
        'log': [
            {'row': 'allocation_key', 'contract': 'contract_key', 'month': 'allocated_on'},
            {'topic': 'invoice', 'row': 'invoice_key'}, {'topic': 'invoice', 'row': 'credit_invoice_key'}, {'topic': 'payment', 'row': 'payment_key'},
        ],
    }},
    indexes=[{'columns': ['invoice_key']}, {'columns': ['payment_key']}, {'columns': ['credit_invoice_key']}],
) }}

select
    allocation_key,
    payment_key,
    credit_invoice_key,
    invoice_key,
    contract_key,
    contract_version_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    allocated_on,
    allocated_amount,
    days_past_due,
    {{ ageing_bucket_name(ageing_bucket_order('days_past_due')) }} as ageing_bucket,
    allocation_kind
from {{ ref('int_receivables__allocation') }}
{% if is_incremental() %}where allocation_key in (select allocation_key from touched){% endif %}
