-- No payment is applied beyond its amount, no invoice settled beyond its total, and what payments say they applied is what invoices got.
{% set payments = [ref('fct_payment'), [ref('fct_payment_allocation'), 'payment']] %}
{% set invoices = [ref('fct_invoice'), [ref('fct_payment_allocation'), 'invoice']] %}

with received as (
    select payment_key, sum(allocated_amount) as allocated_amount
    from {{ ref('fct_payment_allocation') }}
    where payment_key is not null and {{ is_untested('payment_key', payments) }}
    group by payment_key
),

settled as (
    select invoice_key, sum(allocated_amount) as allocated_amount
    from {{ ref('fct_payment_allocation') }}
    where {{ is_untested('invoice_key', invoices) }}
    group by invoice_key
)

select 'pago' as thing, p.payment_key as thing_key, p.payment_amount as amount, p.applied_amount, r.allocated_amount
from {{ ref('fct_payment') }} as p
left join received as r on r.payment_key = p.payment_key
where (
    p.payment_amount <> p.applied_amount + p.unapplied_amount
    or abs(p.applied_amount) > abs(p.payment_amount)
    or (p.payment_amount >= 0 and p.applied_amount < coalesce(r.allocated_amount, 0))
)
and {{ is_untested('p.payment_key', payments) }}

union all

select 'factura', d.invoice_key, d.total_amount, s.allocated_amount, null
from {{ ref('fct_invoice') }} as d
inner join settled as s on s.invoice_key = d.invoice_key
where s.allocated_amount > d.total_amount
