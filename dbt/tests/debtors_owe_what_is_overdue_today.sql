-- Today's debtors together owe what the posted invoices that fell due before today have left, and whoever is to be cut is one of them. From the copies
-- in `intermediate`: a debt may be older than the months that the facts still hold.
-- A daily run takes of each contract the balances that are still open and what is settled with a date to come, which is all that can be owed today. That those
-- balances follow the documents and what settled them it looks up in the invoices that changed; the others were looked up before.
{% set today = business_today() %}
{% set documents, reconciliations = ref('int_billing__document'), ref('int_receivables__reconciliation') %}
{% set balances, movements = ref('int_receivables__open_balance'), ref('int_receivables__component_movement') %}

with
{% if tests_everything() -%}
settled as (
    select debit_invoice_key as invoice_key, sum(reconciled_amount) as amount
    from {{ reconciliations }}
    where debit_kind = 'factura' and reconciled_on <= {{ today }}
    group by debit_invoice_key
),

left_over as (
    select d.contract_key, d.total_amount - coalesce(s.amount, 0) as amount
    from {{ documents }} as d
    left join settled as s on s.invoice_key = d.invoice_key
    where d.state = 'posted' and d.sign = 1 and d.issued_on <= {{ today }} and d.due_on < {{ today }}
),
{%- else -%}
left_over as (
    select contract_key, balance_amount as amount
    from {{ balances }}
    where until_month is null and issued_on <= {{ today }} and due_on < {{ today }}

    union all

    select d.contract_key, r.reconciled_amount
    from {{ reconciliations }} as r
    inner join {{ documents }} as d on d.invoice_key = r.debit_invoice_key
    where r.reconciled_on > {{ today }} and d.state = 'posted' and d.sign = 1 and d.issued_on <= {{ today }} and d.due_on < {{ today }}
),
{%- endif %}

owed as (
    select contract_key, sum(amount) as overdue_amount
    from left_over
    group by contract_key
    having sum(amount) <> 0
)

select contract_key, o.overdue_amount, d.overdue_amount as debtor_amount
from owed as o
full join {{ ref('mart_receivables__debtor') }} as d using (contract_key)
where o.overdue_amount is distinct from d.overdue_amount

union all

select c.contract_key, c.overdue_amount, d.overdue_amount as debtor_amount
from {{ ref('mart_receivables__cuttable_without_order') }} as c
left join {{ ref('mart_receivables__debtor') }} as d on d.contract_key = c.contract_key
where d.contract_key is null
{% if not tests_everything() %}
union all

select d.contract_key, coalesce(d.total_amount, 0) - s.amount as overdue_amount, b.amount as debtor_amount
from ({{ untested([documents, 'debt'], 'row_key') }} union {{ untested([reconciliations, 'invoice'], 'row_key') }}) as u (invoice_key)
left join {{ documents }} as d on d.invoice_key = u.invoice_key and d.state = 'posted' and d.sign = 1
cross join lateral (
    select coalesce(sum(r.reconciled_amount), 0) as amount, coalesce(sum(r.reconciled_amount) filter (where r.reconciled_on <= {{ today }}), 0) as today_amount
    from {{ reconciliations }} as r
    where r.debit_invoice_key = d.invoice_key
) as s
cross join lateral (
    select coalesce(sum(b.balance_amount), 0) as amount from {{ balances }} as b
    where b.invoice_key = u.invoice_key and b.until_month is null
) as b
cross join lateral (
    select coalesce(sum(m.moved_amount), 0) as amount from {{ movements }} as m
    where m.invoice_key = u.invoice_key and m.moved_on <= {{ today }}
) as m
where coalesce(d.total_amount, 0) - s.amount <> b.amount
    or coalesce(d.total_amount, 0) - s.today_amount <> m.amount and coalesce(d.issued_on <= {{ today }}, true)
{% endif %}
