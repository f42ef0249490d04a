-- What each invoice still owed at each month end of %(months)s: its total less what was reconciled with it until then.
with month_ends as (
    select m::date as period_month, (m + interval '1 month' - interval '1 day')::date as month_end_on from unnest(%(months)s::date[]) as m
),
documents as (
    select m.id, m.contract_id, m.amount_total, coalesce(m.invoice_date, m.date) as issued_on, coalesce(m.invoice_date_due, m.invoice_date, m.date) as due_on
    from raw.odoo_account_move as m
    where m._deleted_at is null and m.state = 'posted' and m.move_type = 'out_invoice'
),
settled as (
    select debit.move_id, r.amount, greatest(r.max_date, credit_move.date) as settled_on
    from raw.odoo_account_partial_reconcile as r
    join raw.odoo_account_move_line as debit on debit.id = r.debit_move_id and debit._deleted_at is null
    join raw.odoo_account_move_line as credit on credit.id = r.credit_move_id and credit._deleted_at is null
    join raw.odoo_account_move as credit_move on credit_move.id = credit.move_id and credit_move.state = 'posted' and credit_move._deleted_at is null
    left join raw.odoo_account_payment as p on p.move_id = credit_move.id and p._deleted_at is null
    where r._deleted_at is null and (p.id is null or p.state not in ('draft', 'canceled', 'cancelled', 'rejected'))
),
open_items as (
    select e.period_month, d.id, d.contract_id, e.month_end_on - d.due_on as days, d.amount_total - coalesce(sum(s.amount), 0) as amount
    from month_ends as e
    join documents as d on d.issued_on <= e.month_end_on
    left join settled as s on s.move_id = d.id and s.settled_on <= e.month_end_on
    group by 1, 2, 3, 4, d.amount_total
    having d.amount_total - coalesce(sum(s.amount), 0) <> 0
)
