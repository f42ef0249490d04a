-- Detail of the DGII's form 607. A month of which a document changed is numbered anew.
-- Grain: one row per document of a closed month that the norm wants detailed.
{% set touched %}{% raw %}
select c.period_month from {{ changes_of(ref('int_billing__607_document')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'line_number'], 'keys': ['period_month']}},
) }}

select
    period_month,
    row_number() over (partition by period_month order by issued_on, fiscal_number, invoice_key)::integer as line_number,
    customer_id,
    customer_id_type,
    fiscal_number,
    modified_fiscal_number,
    income_type,
    issued_on,
    withheld_on,
    billed_amount,
    itbis_billed_amount,
    itbis_withheld_amount,
    itbis_perceived_amount,
    isr_withheld_amount,
    isr_perceived_amount,
    selective_tax_amount,
    other_taxes_amount,
    legal_tip_amount,
    cash_amount,
    bank_amount,
    card_amount,
    credit_amount,
    voucher_amount,
    barter_amount,
    other_forms_amount
from {{ touched_months_of(ref('int_billing__607_document'), 'period_month') }}
where not is_summarised
