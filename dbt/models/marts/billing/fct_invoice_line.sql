-- Grain: one row per billed concept of a posted document.
{% set touched %}{% raw %}
select distinct c.row_key as invoice_line_key, c.period_month from {{ changes_of(ref('int_billing__document_line')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_line_key'], 'keys': ['invoice_line_key'],
        'month': 'issued_on', 'at': 'month',
        'months': "select distinct date_trunc('month', issued_on)::date from {{ ref('int_billing__document_line') }}",
        'log': [{'row': 'invoice_line_key', 'contract': 'contract_key', 'month': 'issued_on'}, {'topic': 'invoice', 'row': 'invoice_key', 'month': 'issued_on'}],
    }},
    indexes=[{'columns': ['invoice_key']}],
) }}

select
    invoice_line_key,
    invoice_key,
    contract_key,
    contract_version_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    concept_key,
    concept_code,
    concept_type,
    issued_on,
    billing_period,
    line_amount,
    billed_m3
from {{ ref('int_billing__document_line') }}
{% if is_incremental() %}where invoice_line_key in (select invoice_line_key from touched){% endif %}
