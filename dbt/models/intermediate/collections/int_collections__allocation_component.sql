-- Each allocation split into surcharge and capital. Odoo keeps one receivable line an invoice, so the ledger cannot tell; the rule can:
-- money settles an invoice's surcharges first, then its capital. A credit note on the invoice itself credits what its own lines say, its
-- surcharge first, and lowers what money has to settle from then on; another document's note is as good as money.
-- Grain: one row per allocation.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched_settlements()),
    meta={'touched': {
        'row': ['allocation_key'], 'keys': ['invoice_key'],
        'log': [
            {'row': 'allocation_key', 'contract': 'contract_key', 'month': 'allocated_on'},
            {'topic': 'invoice', 'row': 'invoice_key'}, {'topic': 'payment', 'row': 'payment_key', 'month': 'allocated_on'},
        ],
    }},
    indexes=[
        {'columns': ['allocation_key'], 'unique': true}, {'columns': ['invoice_key']}, {'columns': ['payment_key']}, {'columns': ['allocated_on']},
    ],
) }}

{{ with_settlements() }}

allocations as (
    select
        a.*,
        coalesce(s.surcharge_amount, 0) as surcharge_amount,
        coalesce(a.allocation_kind = 'nota_credito' and n.reversed_invoice_key = a.invoice_key, false) as is_own_note,
        coalesce(ns.surcharge_amount, 0) as note_surcharge_amount
    from uses as a
    left join surcharges as s on s.invoice_key = a.invoice_key
    left join {{ ref('int_billing__document') }} as n on n.invoice_key = a.credit_invoice_key
    left join surcharges as ns on ns.invoice_key = a.credit_invoice_key
),

noted as (
    select
        *,
        case when is_own_note then 0 else allocated_amount end as money_amount,
        case
            when is_own_note then least(
                surcharge_amount,
                greatest(0, least(allocated_amount, note_surcharge_amount - (sum(allocated_amount) over of_note - allocated_amount)))
            )
            else 0
        end as credited_surcharge_amount
    from allocations
    window of_note as (partition by credit_invoice_key order by allocated_on, allocation_key)
),

running as (
    select
        *,
        -- what money had settled before, and what surcharge there is for money to settle by then
        sum(money_amount) over so_far - money_amount as money_before,
        greatest(0, surcharge_amount - sum(credited_surcharge_amount) over so_far) as surcharge_due
    from noted
    window so_far as (partition by invoice_key order by allocated_on, allocation_key)
),

split as (
    select
        *,
        case
            when is_own_note then credited_surcharge_amount
            else least(money_before + money_amount, surcharge_due) - least(money_before, surcharge_due)
        end as surcharge_part
    from running
)

select
    allocation_key,
    payment_key,
    credit_invoice_key,
    invoice_key,
    contract_key,
    sector_key,
    route_key,
    user_type_key,
    allocated_on,
    days_past_due,
    allocation_kind,
    allocated_amount,
    surcharge_part as surcharge_allocated_amount,
    allocated_amount - surcharge_part as capital_allocated_amount,
    money_amount,
    credited_surcharge_amount
from split
{% if is_incremental() %}where invoice_key in (select invoice_key from touched){% endif %}
