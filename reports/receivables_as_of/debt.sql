-- What was owed on %(day)s: documents issued by then, less what had been applied to them by then, aged by due date.
-- One row per group and ageing bucket, non-zero only. `buckets` comes from the same list as the month-end snapshots (dim_ageing_bucket).
with settled as (
    select invoice_key, sum(allocated_amount) as amount
    from marts.fct_payment_allocation
    where allocated_on <= %(day)s
    group by invoice_key
),

owed as (
    select
        i.contract_key,
        i.sector_key,
        %(day)s - i.due_on as days_past_due,
        i.total_amount - coalesce(s.amount, 0) as amount
    from marts.fct_invoice as i
    left join settled as s on s.invoice_key = i.invoice_key
    where i.state = 'posted' and i.sign = 1 and i.issued_on <= %(day)s and i.total_amount <> coalesce(s.amount, 0)
),

aged as (
    select o.contract_key, o.sector_key, b.ageing_bucket_order, o.amount
    from owed as o
    inner join marts.dim_ageing_bucket as b
        on (b.from_days is null or o.days_past_due >= b.from_days) and (b.upto_days is null or o.days_past_due <= b.upto_days)
)

select {keys}, a.ageing_bucket_order, sum(a.amount) as amount
from aged as a
inner join marts.dim_commercial_sector as s on s.sector_key = a.sector_key
inner join marts.dim_contract as c on c.contract_key = a.contract_key
group by {positions}, a.ageing_bucket_order
having sum(a.amount) <> 0
order by {positions}, a.ageing_bucket_order
