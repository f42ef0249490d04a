-- Today's debtors together owe what the posted invoices that fell due before today have left, and whoever is to be cut is one of them. From the copies
-- in `intermediate`: a debt may be older than the months that the facts still hold.
with settled as (
    select invoice_key, sum(allocated_amount) as amount
    from {{ ref('int_receivables__allocation') }}
    where allocated_on <= {{ business_today() }}
    group by invoice_key
),

owed as (
    select i.contract_key, sum(i.total_amount - coalesce(s.amount, 0)) as overdue_amount
    from {{ ref('int_billing__document') }} as i
    left join settled as s on s.invoice_key = i.invoice_key
    where i.state = 'posted' and i.sign = 1 and i.issued_on <= {{ business_today() }} and i.due_on < {{ business_today() }}
    group by i.contract_key
    having sum(i.total_amount - coalesce(s.amount, 0)) <> 0
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
