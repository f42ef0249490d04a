-- Overdue over owed at each of thirteen month ends.
with ends as (
    select (m + interval '1 month - 1 day')::date as month_end, m::date as period_month
    from generate_series(%(first)s::date, %(last)s::date, interval '1 month') as m
),

owed as (
    select e.period_month, e.month_end, m.invoice_date_due, m.contract_id, m.amount_total - coalesce(a.applied, 0) as amount
    from ends as e
    inner join raw.odoo_account_move as m
        on m.invoice_date <= e.month_end and m.move_type = 'out_invoice' and m.state = 'posted' and m._deleted_at is null
    inner join raw.odoo_account_move_line as t on t.move_id = m.id and t.display_type = 'payment_term'
    left join lateral (
        select sum(p.amount) as applied from raw.odoo_account_partial_reconcile as p
        where p.debit_move_id = t.id and p.max_date <= e.month_end and p._deleted_at is null
    ) as a on true
    where m.amount_total > coalesce(a.applied, 0)
)

select period_month, coalesce(sum(amount) filter (where invoice_date_due < month_end), 0) / nullif(sum(amount), 0) from owed group by 1 order by 1
