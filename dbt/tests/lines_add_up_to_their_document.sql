-- Every posted document: its lines are its amount without taxes and its volume; with taxes it is its total.
{% set recent %}
{% if not tests_everything() %}
in (
    {{ untested(ref('fct_invoice'), 'row_key') }}
    union
    {{ untested(ref('fct_invoice_line'), 'row_key', 'invoice') }}
)
{% endif %}
{% endset %}

with lines as (
    select invoice_key, sum(line_amount) as line_amount, sum(billed_m3) as billed_m3
    from {{ ref('fct_invoice_line') }}
    {% if recent | trim %}where invoice_key {{ recent }}{% endif %}
    group by invoice_key
)

select
    d.invoice_key,
    d.fiscal_number,
    d.sign * d.untaxed_amount as document_amount,
    l.line_amount,
    d.sign * d.billed_m3 as document_m3,
    l.billed_m3 as line_m3,
    d.total_amount - d.untaxed_amount - d.tax_amount as tax_difference
from {{ ref('fct_invoice') }} as d
left join lines as l on l.invoice_key = d.invoice_key
where d.state = 'posted'
    {% if recent | trim %}and d.invoice_key {{ recent }}{% endif %}
    and (
        coalesce(l.line_amount, 0) <> d.sign * d.untaxed_amount
        or coalesce(l.billed_m3, 0) <> d.sign * coalesce(d.billed_m3, 0)
        or d.total_amount <> d.untaxed_amount + d.tax_amount
    )
