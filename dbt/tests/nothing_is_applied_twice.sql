-- No payment is applied beyond its amount, no invoice settled beyond its total, and what payments say they applied is what invoices got.
{% set recent_payments, recent_invoices = none, none %}
{% if not tests_everything() %}
{% set recent_payments %}
in (
    {{ untested(ref('fct_payment'), 'row_key') }}
    union
    {{ untested(ref('fct_payment_allocation'), 'row_key', 'payment') }}
)
{% endset %}
{% set recent_invoices %}
in (
    {{ untested(ref('fct_invoice'), 'row_key') }}
    union
    {{ untested(ref('fct_payment_allocation'), 'row_key', 'invoice') }}
)
{% endset %}
{% endif %}

with received as (
    select payment_key, sum(allocated_amount) as allocated_amount
    from {{ ref('fct_payment_allocation') }}
    where payment_key is not null
        {% if recent_payments %}and payment_key {{ recent_payments }}{% endif %}
    group by payment_key
),

settled as (
    select invoice_key, sum(allocated_amount) as allocated_amount
    from {{ ref('fct_payment_allocation') }}
    {% if recent_invoices %}where invoice_key {{ recent_invoices }}{% endif %}
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
{% if recent_payments %}and p.payment_key {{ recent_payments }}{% endif %}

union all

select 'factura', d.invoice_key, d.total_amount, s.allocated_amount, null
from {{ ref('fct_invoice') }} as d
inner join settled as s on s.invoice_key = d.invoice_key
where s.allocated_amount > d.total_amount
