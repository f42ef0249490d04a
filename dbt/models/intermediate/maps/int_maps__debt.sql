-- What each contract owed at the last closed month end, and how old its oldest debt was. Grain: one row per contract that owed.
with receivables as (
    select * from {{ ref('fct_receivable_month') }}
    where period_month = {{ last_closed_month() }} and receivable_amount > 0
)

select
    contract_key,
    sum(receivable_amount) as receivable_amount,
    sum(overdue_amount) as overdue_amount,
    max(ageing_bucket_order) as oldest_bucket_order
from receivables
group by contract_key
