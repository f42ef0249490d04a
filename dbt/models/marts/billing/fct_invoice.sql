-- Grain: one row per posted or cancelled customer document.
{% set touched %}{% raw %}
select distinct c.row_key as invoice_key, c.period_month from {{ changes_of(ref('int_billing__document')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_key'], 'keys': ['invoice_key'],
        'month': 'issued_on', 'at': 'month',
        'months': "select distinct date_trunc('month', issued_on)::date from {{ ref('int_billing__document') }}",
        'log': [
            {'row': 'invoice_key', 'contract': 'contract_key', 'month': 'issued_on'},
            {'topic': 'billed', 'contract': 'contract_key', 'month': 'issued_on', 'of': ['contract_key', 'issued_on', 'state', 'sign', 'total_amount']},
            {'topic': 'sums', 'month': 'issued_on', 'of': [
                'issued_on', 'sector_key', 'route_key', 'user_type_key', 'document_kind', 'state', 'sign', 'untaxed_amount', 'tax_amount', 'total_amount',
                'billed_m3']},
            {'topic': 'outcome', 'month': 'issued_on', 'of': [
                'issued_on', 'sector_key', 'route_key', 'user_type_key', 'document_kind', 'state', 'document_type_code', 'ecf_state']},
        ],
    }},
    indexes=[{'columns': ['contract_key', 'issued_on']}, {'columns': ['document_kind']}],
) }}

select
    invoice_key,
    contract_key,
    contract_version_key,
    customer_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    document_kind,
    fiscal_number,
    document_type_key,
    document_type_code,
    modified_fiscal_number,
    income_type,
    ecf_state,
    billing_period,
    issued_on,
    due_on,
    untaxed_amount,
    tax_amount,
    total_amount,
    residual_amount,
    sign,
    credit_reason,
    reversed_invoice_key,
    billed_m3,
    cancellation_type,
    state
from {{ ref('int_billing__document') }}
{% if is_incremental() %}where invoice_key in (select invoice_key from touched){% endif %}
