-- Where each credit in favour of a contract comes from: a payment (advance or paid in excess), a credit note, or money given back that no
-- payment was found for (negative). `credit_key` is the payment's or the note's id. A view. Grain: one row per payment and posted credit note.
{{ config(materialized='view') }}

select
    'pago' as credit_kind,
    p.payment_key as credit_key,
    case
        when p.payment_type = 'outbound' then 'devolucion'
        when s.is_advance then 'anticipo'
        else 'pago_de_mas'
    end as credit_origin,
    p.contract_key,
    p.paid_on as credited_on,
    p.channel,
    p.payment_amount as credit_amount
from {{ ref('int_collections__payment') }} as p
inner join {{ ref('stg_odoo__account_payment') }} as s on s.payment_id = p.payment_key
where p.is_effective

union all

select
    'nota_credito',
    invoice_key,
    'nota_credito',
    contract_key,
    issued_on,
    null,
    total_amount
from {{ ref('int_billing__document') }}
where state = 'posted' and sign = -1
