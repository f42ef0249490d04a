-- Collected over billed (net of credit notes, with taxes left out) in each of thirteen months.
with months as (
    select m::date as period_month, (m + interval '1 month')::date as next_month from generate_series(%(first)s::date, %(last)s::date, interval '1 month') as m
)

select n.period_month, (
    select sum(case when p.payment_type = 'outbound' then -p.amount else p.amount end) from raw.odoo_account_payment as p
    where p.date >= n.period_month and p.date < n.next_month and p.state not in ('draft', 'canceled', 'cancelled', 'rejected') and p._deleted_at is null
) / nullif((
    select sum(case m.move_type when 'out_refund' then -l.price_subtotal else l.price_subtotal end) from raw.odoo_account_move as m
    inner join raw.odoo_account_move_line as l on l.move_id = m.id and l.display_type = 'product'
    where m.invoice_date >= n.period_month and m.invoice_date < n.next_month and m.move_type in ('out_invoice', 'out_refund') and m.state = 'posted'
        and m._deleted_at is null
), 0)
from months as n order by 1
