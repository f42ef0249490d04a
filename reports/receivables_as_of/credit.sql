-- Credit in favour of customers on %(day)s, all contracts: all billed − credited − received − other entries = debt − credit.
with ledger as (
    select coalesce(sum(sign * total_amount), 0) as amount
    from marts.fct_invoice
    where state = 'posted' and issued_on <= %(day)s

    union all

    select -coalesce(sum(payment_amount), 0)
    from marts.fct_payment
    where paid_on <= %(day)s

    union all

    select -coalesce(sum(allocated_amount), 0)
    from marts.fct_payment_allocation
    where allocation_kind = 'ajuste' and allocated_on <= %(day)s
)

select %(owed)s - sum(amount) as credit_amount
from ledger
