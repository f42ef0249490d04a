-- Billed and collected, thirteen months. %(month)s is the last closed month.
with billed as (
    select date_trunc('month', coalesce(m.invoice_date, m.date))::date as period_month,
        sum(case when m.move_type = 'out_refund' then -l.price_subtotal else l.price_subtotal end) as amount
    from raw.odoo_account_move_line as l
    join raw.odoo_account_move as m on m.id = l.move_id and m._deleted_at is null
    where l._deleted_at is null and l.display_type = 'product' and m.state = 'posted' and m.move_type in ('out_invoice', 'out_refund')
    group by 1
),
collected as (
    select date_trunc('month', p.date)::date as period_month, sum(case when p.payment_type = 'outbound' then -p.amount else p.amount end) as amount
    from raw.odoo_account_payment as p
    where p._deleted_at is null and p.state not in ('draft', 'canceled', 'cancelled', 'rejected')
    group by 1
)
select period_month, billed.amount, collected.amount as collected
from billed full join collected using (period_month)
where period_month between %(month)s::date - interval '12 months' and %(month)s::date
