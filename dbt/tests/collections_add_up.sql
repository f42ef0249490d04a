-- The collections marts lose nothing: channels and collectors collect what the payments say, cohorts are the documents and what settled them,
-- recovery is the cash applied, credits by origin are the contracts' credit balances, sessions hold the payments that name them, and what
-- external collectors took is deposited, given back or in their hands.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares the months of which a fact changed; what is settled is of any month of issue, and compared whole.
{% set changing = [ref('fct_invoice_line'), [ref('fct_payment'), 'sums'], ref('fct_credit_balance_month')] %}
{% set months = untested_months(changing) %}
{% set issued = is_in_months('issued_on', months) %}
{% set period = is_in_months('period_month', months) %}

with payments as (
    select {{ month_of('paid_on') }} as period_month, sum(payment_amount) as collected_amount
    from {{ ref('fct_payment') }}
    where {{ is_in_months('paid_on', months) }}
    group by 1
),

documents as (
    select invoice_key, {{ month_of('issued_on') }} as period_month, state, sign, total_amount
    from {{ ref('fct_invoice') }}
),

allocations as (
    select {{ month_of('a.allocated_on') }} as allocated_month, i.period_month as issued_month, sum(a.allocated_amount) as amount
    from {{ ref('fct_payment_allocation') }} as a
    left join documents as i on i.invoice_key = a.invoice_key
    where a.allocation_kind = 'pago'
    group by 1, 2
),

facts as (
    select 'channel' as thing, period_month, collected_amount as amount from payments
    union all
    select 'collector', period_month, collected_amount from payments
    union all
    select 'cohort_billed', period_month, sum(total_amount)
    from documents
    where state = 'posted' and sign = 1
    group by 2
    union all
    select 'cohort_collected', issued_month, sum(amount) from allocations
    where issued_month is not null
    group by 2
    union all
    select 'recovery', allocated_month, sum(amount) from allocations
    group by 2
    union all
    select 'recovery_parts', allocated_month, sum(amount) from allocations
    group by 2
    union all
    select 'surcharges', {{ month_of('issued_on') }}, sum(line_amount)
    from {{ ref('fct_invoice_line') }}
    where concept_type in ('mora', 'interes') and {{ issued }}
    group by 2
    union all
    select 'credit', period_month, sum(credit_balance_amount) from {{ ref('fct_credit_balance_month') }} where {{ period }} group by 2
),

marts as (
    select 'channel' as thing, period_month, sum(channel_collected_amount) as amount
    from {{ ref('mart_collections__channel_month') }}
    where {{ period }}
    group by 2
    union all
    select 'collector', period_month, sum(collected_amount)
    from {{ ref('mart_collections__collector_month') }}
    where {{ period }}
    group by 2
    union all
    select 'cohort_billed', period_month, sum(cohort_billed_amount)
    from {{ ref('mart_collections__cohort_month') }}
    group by 2
    union all
    select 'cohort_collected', period_month, sum(cohort_collected_amount)
    from {{ ref('mart_collections__cohort_month') }}
    group by 2
    union all
    select 'recovery', period_month, sum(settled_by_cash_amount)
    from {{ ref('mart_collections__recovery_month') }}
    group by 2
    union all
    select 'recovery_parts', period_month, sum(surcharges_collected_amount + capital_collected_amount)
    from {{ ref('mart_collections__recovery_month') }}
    group by 2
    union all
    select 'surcharges', period_month, sum(surcharges_billed_amount)
    from {{ ref('mart_collections__recovery_month') }}
    where {{ period }}
    group by 2
    union all
    select 'credit', period_month, sum(unapplied_amount) from {{ ref('mart_collections__credit_month') }} where {{ period }} group by 2
),

-- today, and over all time: from the copy in `intermediate`, since payments of archived months are no longer in the fact
facts_to_date as (
    select 'credit_today' as thing, coalesce(sum(amount), 0) as amount
    from {{ ref('int_receivables__credit_movement') }}

    union all

    select 'sessions', coalesce(sum(p.payment_amount), 0)
    from {{ ref('int_collections__payment') }} as p
    inner join {{ ref('stg_odoo__account_payment') }} as o on o.payment_id = p.payment_key
    inner join {{ ref('stg_odoo__cash_session') }} as cs on cs.cash_session_id = o.cash_session_id

    union all

    select 'receipts', coalesce(sum(p.payment_amount), 0)
    from {{ ref('int_collections__payment') }} as p
    inner join {{ ref('stg_odoo__collector') }} as c on c.collector_id = p.collector_key
    where c.is_external and p.payment_amount > 0
),

held as (
    select receipt_amount from {{ ref('int_collections__collector_receipt') }}
    where released_on is not null
    union all
    select receipt_amount from {{ ref('mart_collections__unsettled_receipt') }}
),

marts_to_date as (
    select 'credit_today' as thing, coalesce(sum(unapplied_amount), 0) as amount
    from {{ ref('mart_collections__credit_balance') }}
    union all
    select 'sessions', coalesce(sum(collected_amount), 0) from {{ ref('fct_cash_session') }}
    union all
    select 'receipts', coalesce(sum(receipt_amount), 0) from held
)

select thing, period_month, f.amount as fact_amount, m.amount as mart_amount
from facts as f
full join marts as m using (thing, period_month)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0) and period_month in ({{ closed }}) and period_month >= {{ kept_from() }}

union all

select thing, null, f.amount as fact_amount, m.amount as mart_amount
from facts_to_date as f
full join marts_to_date as m using (thing)
where f.amount is distinct from m.amount
