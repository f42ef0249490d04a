-- Posted documents of closed months as the DGII's form 607 wants them: the 23 fields by name, before telling detail from summary.
-- What was paid within the month of the sale goes to its form of payment, the rest to credit; together they are the total with taxes.
-- A credit note is not paid: its whole total is credit. Grain: one row per document.
{% set forms = var('dgii_607_payment_forms') %}
{% set touched %}{% raw %}
select c.row_key as invoice_key from {{ changes_of(ref('int_billing__document')) }} as c
union
select c.row_key from {{ changes_of(ref('int_receivables__reconciliation'), 'invoice') }} as c
union
select r.debit_invoice_key from {{ changes_of(ref('int_collections__payment')) }} as c
inner join {{ ref('int_receivables__reconciliation') }} as r on r.credit_payment_key = c.row_key
where r.debit_invoice_key is not null
union
select d.invoice_key from {{ changes_of(ref('int_billing__607_customer')) }} as c
inner join {{ ref('int_billing__document') }} as d on d.customer_key = c.row_key
union
select d.invoice_key from {{ newly_closed_months() }} as m
inner join {{ ref('int_billing__document') }} as d on {{ is_in_month('d.issued_on', 'm.period_month') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_key'], 'keys': ['invoice_key'],
        'log': [{'row': 'invoice_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['invoice_key'], 'unique': true}, {'columns': ['period_month']}],
) }}

with documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted' and {{ month_of('issued_on') }} <= {{ last_closed_month() }}
        {% if is_incremental() %}and invoice_key in (select invoice_key from touched){% endif %}
),

allocations as (
    select * from {{ ref('int_receivables__allocation') }}
    where allocation_kind = 'pago'
        {% if is_incremental() %}and invoice_key in (select invoice_key from touched){% endif %}
),

payments as (
    select * from {{ ref('int_collections__payment') }}
),

customers as (
    select * from {{ ref('int_billing__607_customer') }}
),

paid_in_month as (
    select
        d.invoice_key,
        {%- for field in ['cash_amount', 'bank_amount', 'card_amount', 'voucher_amount', 'barter_amount'] %}
        {%- set names = [] %}
        {%- for form, target in forms.items() if target == field %}{% do names.append("'" ~ form ~ "'") %}{% endfor %}
        {% if names -%}
        coalesce(sum(a.allocated_amount) filter (where p.payment_form in ({{ names | join(', ') }})), 0) as {{ field }},
        {%- else -%}
        0::numeric as {{ field }},
        {%- endif %}
        {%- endfor %}
        coalesce(sum(a.allocated_amount), 0) as paid_amount
    from documents as d
    inner join allocations as a on a.invoice_key = d.invoice_key
    inner join payments as p on p.payment_key = a.payment_key
    where {{ month_of('a.allocated_on') }} = {{ month_of('d.issued_on') }}
    group by d.invoice_key
),

split as (
    select
        d.invoice_key,
        d.document_type_code,
        {{ month_of('d.issued_on') }} as period_month,
        c.declared_id as customer_id,
        c.identification_type_code,
        d.fiscal_number,
        d.modified_fiscal_number,
        coalesce(d.income_type, '01') as income_type,
        d.issued_on,
        d.untaxed_amount,
        d.tax_amount,
        d.total_amount,
        coalesce(m.cash_amount, 0) as cash_amount,
        coalesce(m.bank_amount, 0) as bank_amount,
        coalesce(m.card_amount, 0) as card_amount,
        coalesce(m.voucher_amount, 0) as voucher_amount,
        coalesce(m.barter_amount, 0) as barter_amount,
        coalesce(m.paid_amount, 0) as paid_amount
    from documents as d
    left join paid_in_month as m on m.invoice_key = d.invoice_key
    left join customers as c on c.customer_key = d.customer_key
)

select
    invoice_key,
    document_type_code,
    period_month,
    customer_id,
    {{ declared_id_type('customer_id', 'identification_type_code') }} as customer_id_type,
    fiscal_number,
    modified_fiscal_number,
    income_type,
    issued_on,
    null::date as withheld_on,
    untaxed_amount as billed_amount,
    tax_amount as itbis_billed_amount,
    0::numeric as itbis_withheld_amount,
    0::numeric as itbis_perceived_amount,
    0::numeric as isr_withheld_amount,
    0::numeric as isr_perceived_amount,
    0::numeric as selective_tax_amount,
    0::numeric as other_taxes_amount,
    0::numeric as legal_tip_amount,
    cash_amount,
    bank_amount,
    card_amount,
    total_amount - paid_amount as credit_amount,
    voucher_amount,
    barter_amount,
    paid_amount - cash_amount - bank_amount - card_amount - voucher_amount - barter_amount as other_forms_amount,
    total_amount,
    coalesce(document_type_code in ('E32', 'B02') and total_amount < {{ var('dgii_607_detail_threshold') }}, false) as is_summarised
from split
