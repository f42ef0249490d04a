-- The KPI marts lose nothing: in every closed month each of their sums is that of its fact.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares the months of which a fact or its sums changed.
{% set changing = [ref('fct_invoice_line'), [ref('fct_invoice'), 'sums'], [ref('fct_payment'), 'sums'], ref('fct_receivable_month'), ref('fct_credit_balance_month'),
                   ref('fct_consumption_month'), ref('int_core__contract_month'), ref('fct_commercial_month'), ref('fct_receivable_age_month')] %}
{% set months = untested_months(changing) %}
{% set issued = is_in_months('issued_on', months) %}
{% set paid = is_in_months('paid_on', months) %}
{% set period = is_in_months('period_month', months) %}

with lines as (
    select {{ month_of('issued_on') }} as period_month, sum(line_amount) as billed_amount, sum(billed_m3) as billed_m3
    from {{ ref('fct_invoice_line') }} where {{ issued }} group by 1
),

documents as (
    select
        {{ month_of('issued_on') }} as period_month,
        sum(untaxed_amount) filter (where sign = -1) as credited_amount,
        count(*) filter (where document_kind = 'factura') as invoices_issued
    from {{ ref('fct_invoice') }} where {{ issued }} and state = 'posted' group by 1
),

payments as (
    select {{ month_of('paid_on') }} as period_month, sum(payment_amount) as collected_amount
    from {{ ref('fct_payment') }} where {{ paid }} group by 1
),

receivables as (
    select period_month, sum(receivable_amount) as receivable_amount, sum(overdue_amount) as overdue_amount
    from {{ ref('fct_receivable_month') }} where {{ period }} group by 1
),

credit_balances as (
    select period_month, sum(credit_balance_amount) as unapplied_credit_amount
    from {{ ref('fct_credit_balance_month') }} where {{ period }} group by 1
),

consumption as (
    select period_month, sum(consumption_m3) as consumption_m3, count(*) as planned_readings
    from {{ ref('fct_consumption_month') }} where {{ period }} group by 1
),

contracts as (
    select period_month, count(*) as active_contracts
    from {{ ref('int_core__contract_month') }} where {{ period }} group by 1
),

-- each fact is read once, whatever is asked of it
{% set read = [
    ('billed_amount', 'lines.billed_amount'), ('billed_m3', 'lines.billed_m3'), ('credited_amount', 'documents.credited_amount'),
    ('invoices_issued', 'documents.invoices_issued'), ('collected_amount', 'payments.collected_amount'), ('collected_daily', 'payments.collected_amount'),
    ('receivable_amount', 'receivables.receivable_amount'), ('receivable_bucket_amount', 'receivables.receivable_amount'),
    ('overdue_amount', 'receivables.overdue_amount'), ('overdue_bucket_amount', 'receivables.overdue_amount'),
    ('unapplied_credit_amount', 'credit_balances.unapplied_credit_amount'), ('consumption_m3', 'consumption.consumption_m3'),
    ('planned_readings', 'consumption.planned_readings'), ('active_contracts', 'contracts.active_contracts'),
] %}

facts as (
    {% for measure, amount in read -%}
    select '{{ measure }}' as measure, period_month, {{ amount }}::numeric as amount
    from {{ amount.split('.')[0] }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

{% set sums = ['billed_amount', 'billed_m3', 'credited_amount', 'invoices_issued', 'collected_amount', 'receivable_amount', 'overdue_amount',
               'unapplied_credit_amount', 'consumption_m3', 'planned_readings', 'active_contracts'] %}

marts as (
    {% for measure in sums -%}
    select '{{ measure }}' as measure, period_month, sum({{ measure }})::numeric as amount
    from {{ ref('mart_commercial__month') }} where {{ period }} group by 2
    union all
    {% endfor -%}
    select 'collected_daily', period_month, sum(collected_amount) from {{ ref('mart_collections__daily') }} where {{ period }} group by 2
    union all
    select 'receivable_bucket_amount', period_month, sum(receivable_bucket_amount)
    from {{ ref('mart_receivables__month') }} where {{ period }} group by 2
    union all
    select 'overdue_bucket_amount', period_month, sum(receivable_bucket_amount)
    from {{ ref('mart_receivables__month') }} where {{ period }} and ageing_bucket_order > 0 group by 2
)

select measure, period_month, f.amount as fact_amount, m.amount as mart_amount
from facts as f
full join marts as m using (measure, period_month)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0) and period_month in ({{ closed }}) and {{ period }} and period_month >= {{ kept_from() }}
