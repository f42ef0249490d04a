-- The collections marts lose nothing: channels and collectors collect what the payments say, cohorts are the documents and what settled them,
-- recovery is the cash applied, credits by origin are the contracts' credit balances, sessions hold the payments that name them, and what
-- external collectors took is deposited, given back or in their hands.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares the months of which a fact changed. What was applied is compared by the month in which it was, and in that by the month of issue
-- of what it settled; the published cohorts are those months' sums, and compared with them whole.
{% set cohorts, documents, reconciliations = ref('int_collections__cohort_month'), ref('int_billing__document'), ref('int_receivables__reconciliation') %}
{% set months = untested_months([ref('fct_invoice_line'), [ref('fct_payment'), 'sums'], ref('fct_credit_balance_month')]) %}
{% set issued = is_in_months('issued_on', months) %}
{% set period = is_in_months('period_month', months) %}
{% set cohort_months = untested_months([[ref('fct_invoice'), 'sums'], ref('fct_payment_allocation'), cohorts], also=[
    'select ' ~ month_of('r.reconciled_on') ~ ' from (' ~ untested([documents, 'debt'], 'row_key') ~ ') as d inner join ' ~ reconciliations
    ~ ' as r on r.debit_invoice_key = d.row_key'
]) %}
{% set paid, receipts, tills = ref('int_collections__payment'), ref('int_collections__collector_receipt'), ref('fct_cash_session') %}
{% set sessions = [[paid, 'session'], tills] %}
{% set payments = [paid, receipts] %}
{% set recovery_months = untested_months([ref('fct_payment_allocation'), ref('int_collections__allocation_component')]) %}

with payments as (
    select {{ month_of('paid_on') }} as period_month, sum(payment_amount) as collected_amount
    from {{ ref('fct_payment') }}
    where {{ is_in_months('paid_on', months) }}
    group by 1
),

facts as (
    select 'channel' as thing, period_month, period_month as of_month, collected_amount as amount from payments
    union all
    select 'collector', period_month, period_month, collected_amount from payments
    union all
    select 'cohort_billed', {{ month_of('issued_on') }}, {{ month_of('issued_on') }}, sum(total_amount)
    from {{ ref('fct_invoice') }}
    where state = 'posted' and sign = 1 and {{ is_in_months('issued_on', cohort_months) }}
    group by 2
    union all
    select 'cohort_collected', {{ month_of('a.allocated_on') }}, {{ month_of('d.issued_on') }}, sum(a.allocated_amount)
    from {{ ref('fct_payment_allocation') }} as a
    inner join {{ documents }} as d on d.invoice_key = a.invoice_key
    where a.allocation_kind = 'pago' and {{ is_in_months('a.allocated_on', cohort_months) }}
    group by 2, 3
    union all
    select
        unnest(array['published_billed', 'published_collected']), issued_month, issued_month,
        unnest(array[sum(billed_amount), sum(collected_amount)])
    from {{ cohorts }}
    group by 2
    union all
    select unnest(array['recovery', 'recovery_parts']), {{ month_of('allocated_on') }}, {{ month_of('allocated_on') }}, sum(allocated_amount)
    from {{ ref('fct_payment_allocation') }}
    where allocation_kind = 'pago' and {{ is_in_months('allocated_on', recovery_months) }}
    group by 2
    union all
    select 'surcharges', {{ month_of('issued_on') }}, {{ month_of('issued_on') }}, sum(line_amount)
    from {{ ref('fct_invoice_line') }}
    where concept_type in ('mora', 'interes') and {{ issued }}
    group by 2
    union all
    select 'credit', period_month, period_month, sum(credit_balance_amount)
    from {{ ref('fct_credit_balance_month') }}
    where {{ period }}
    group by 2
),

marts as (
    select 'channel' as thing, period_month, period_month as of_month, sum(channel_collected_amount) as amount
    from {{ ref('mart_collections__channel_month') }}
    where {{ period }}
    group by 2
    union all
    select 'collector', period_month, period_month, sum(collected_amount)
    from {{ ref('mart_collections__collector_month') }}
    where {{ period }}
    group by 2
    union all
    select 'cohort_billed', period_month, issued_month, sum(billed_amount)
    from {{ cohorts }}
    where {{ is_in_months('period_month', cohort_months) }}
    group by 2, 3
    union all
    select 'cohort_collected', period_month, issued_month, sum(collected_amount)
    from {{ cohorts }}
    where {{ is_in_months('period_month', cohort_months) }}
    group by 2, 3
    union all
    select
        unnest(array['published_billed', 'published_collected']), period_month, period_month,
        unnest(array[sum(cohort_billed_amount), sum(cohort_collected_amount)])
    from {{ ref('mart_collections__cohort_month') }}
    group by 2
    union all
    select 'recovery', period_month, period_month, sum(settled_by_cash_amount)
    from {{ ref('mart_collections__recovery_month') }}
    where {{ is_in_months('period_month', recovery_months) }}
    group by 2
    union all
    select 'recovery_parts', period_month, period_month, sum(surcharges_collected_amount + capital_collected_amount)
    from {{ ref('mart_collections__recovery_month') }}
    where {{ is_in_months('period_month', recovery_months) }}
    group by 2
    union all
    select 'surcharges', period_month, period_month, sum(surcharges_billed_amount)
    from {{ ref('mart_collections__recovery_month') }}
    where {{ period }}
    group by 2
    union all
    select 'credit', period_month, period_month, sum(unapplied_amount)
    from {{ ref('mart_collections__credit_month') }}
    where {{ period }}
    group by 2
),
-- today, and over all time (in a daily run, of the sessions and payments that changed): from the copy in `intermediate`, since payments of archived
-- months are no longer in the fact
facts_to_date as (
    select 'credit_today' as thing, coalesce(sum(amount), 0) as amount
    from {{ ref('int_receivables__credit_movement') }}

    union all

    select 'sessions', coalesce(sum(p.payment_amount), 0)
    from {{ paid }} as p
    inner join {{ ref('stg_odoo__account_payment') }} as o on o.payment_id = p.payment_key
    inner join {{ ref('stg_odoo__cash_session') }} as cs on cs.cash_session_id = o.cash_session_id
    where {{ is_untested('p.cash_session_id', sessions) }}

    union all

    select 'receipts', coalesce(sum(p.payment_amount), 0)
    from {{ paid }} as p
    inner join {{ ref('stg_odoo__collector') }} as c on c.collector_id = p.collector_key
    where c.is_external and p.payment_amount > 0 and {{ is_untested('p.payment_key', payments) }}
),

held as (
    select receipt_amount from {{ receipts }}
    where released_on is not null and {{ is_untested('payment_key', payments) }}
    union all
    select receipt_amount from {{ ref('mart_collections__unsettled_receipt') }}
    where {{ is_untested('payment_key', payments) }}
),

marts_to_date as (
    select 'credit_today' as thing, coalesce(sum(unapplied_amount), 0) as amount
    from {{ ref('mart_collections__credit_balance') }}
    union all
    select 'sessions', coalesce(sum(collected_amount), 0) from {{ tills }} where {{ is_untested('cash_session_key', sessions) }}
    union all
    select 'receipts', coalesce(sum(receipt_amount), 0) from held
)

select thing, of_month, period_month, f.amount as fact_amount, m.amount as mart_amount
from facts as f
full join marts as m using (thing, period_month, of_month)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0) and of_month in ({{ closed }}) and of_month >= {{ kept_from() }}
    and period_month >= {{ kept_from() }}

union all

select thing, null, null, f.amount as fact_amount, m.amount as mart_amount
from facts_to_date as f
full join marts_to_date as m using (thing)
where f.amount is distinct from m.amount
