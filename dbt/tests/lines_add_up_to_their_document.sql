-- Every posted document: its lines are its amount without taxes and its volume; with taxes it is its total.
{% set changed = [ref('fct_invoice'), [ref('fct_invoice_line'), 'invoice']] %}

with lines as (
    select invoice_key, sum(line_amount) as line_amount, sum(billed_m3) as billed_m3
    from {{ untested_rows(ref('fct_invoice_line'), 'invoice_key', 'issued_on', changed) }} as l
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
from {{ untested_rows(ref('fct_invoice'), 'invoice_key', 'issued_on', changed) }} as d
left join lines as l on l.invoice_key = d.invoice_key
where d.state = 'posted'
    and (
        coalesce(l.line_amount, 0) <> d.sign * d.untaxed_amount
        or coalesce(l.billed_m3, 0) <> d.sign * coalesce(d.billed_m3, 0)
        or d.total_amount <> d.untaxed_amount + d.tax_amount
    )
