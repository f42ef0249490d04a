-- The KPI marts lose nothing: in every closed month each of their sums is that of its fact.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares of each fact the months in which it or its sums changed.
{% set commercial = ref('fct_commercial_month') %}
{% set months = {
    'lines': untested_months([ref('fct_invoice_line'), [commercial, 'lines']]),
    'documents': untested_months([[ref('fct_invoice'), 'sums'], [commercial, 'documents']]),
    'payments': untested_months([[ref('fct_payment'), 'sums'], [commercial, 'payments']]),
    'receivables': untested_months([ref('fct_receivable_month'), ref('fct_receivable_age_month'), [commercial, 'receivables']]),
    'credit_balances': untested_months([ref('fct_credit_balance_month'), [commercial, 'credit_balances']]),
    'consumption': untested_months([ref('fct_consumption_month'), [commercial, 'consumption']]),
    'contracts': untested_months([ref('int_core__contract_month'), [commercial, 'contracts']]),
} %}

with lines as (
    select {{ month_of('issued_on') }} as period_month, sum(line_amount) as billed_amount, sum(billed_m3) as billed_m3
    from {{ ref('fct_invoice_line') }} where {{ is_in_months('issued_on', months['lines']) }} group by 1
),

documents as (
    select
        {{ month_of('issued_on') }} as period_month,
        sum(untaxed_amount) filter (where sign = -1) as credited_amount,
        count(*) filter (where document_kind = 'factura') as invoices_issued
    from {{ ref('fct_invoice') }} where {{ is_in_months('issued_on', months['documents']) }} and state = 'posted' group by 1
),

payments as (
    select {{ month_of('paid_on') }} as period_month, sum(payment_amount) as collected_amount
    from {{ ref('fct_payment') }} where {{ is_in_months('paid_on', months['payments']) }} group by 1
),

receivables as (
    select period_month, sum(receivable_amount) as receivable_amount, sum(overdue_amount) as overdue_amount
    from {{ ref('fct_receivable_month') }} where {{ is_in_months('period_month', months['receivables']) }} group by 1
),

credit_balances as (
    select period_month, sum(credit_balance_amount) as unapplied_credit_amount
    from {{ ref('fct_credit_balance_month') }} where {{ is_in_months('period_month', months['credit_balances']) }} group by 1
),

consumption as (
    select period_month, sum(consumption_m3) as consumption_m3, count(*) as planned_readings
    from {{ ref('fct_consumption_month') }} where {{ is_in_months('period_month', months['consumption']) }} group by 1
),

contracts as (
    select period_month, count(*) as active_contracts
    from {{ ref('int_core__contract_month') }} where {{ is_in_months('period_month', months['contracts']) }} group by 1
),

-- each fact and mart is read once, whatever is asked of it
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

{% set sums = {
    'lines': ['billed_amount', 'billed_m3'], 'documents': ['credited_amount', 'invoices_issued'], 'payments': ['collected_amount'],
    'receivables': ['receivable_amount', 'overdue_amount'], 'credit_balances': ['unapplied_credit_amount'],
    'consumption': ['consumption_m3', 'planned_readings'], 'contracts': ['active_contracts'],
} %}
{% set owed = is_in_months('period_month', months['receivables']) %}

commercial_months as (
    select period_month{% for measures in sums.values() %}{% for measure in measures %}, sum({{ measure }}) as {{ measure }}{% endfor %}{% endfor %}
    from {{ ref('mart_commercial__month') }} group by 1
),

marts as (
    {% for fact, measures in sums.items() -%}
    {% for measure in measures -%}
    select '{{ measure }}' as measure, period_month, {{ measure }}::numeric as amount
    from commercial_months where {{ is_in_months('period_month', months[fact]) }}
    union all
    {% endfor -%}
    {% endfor -%}
    select 'collected_daily', period_month, sum(collected_amount)
    from {{ ref('mart_collections__daily') }} where {{ is_in_months('period_month', months['payments']) }} group by 2
    union all
    select 'receivable_bucket_amount', period_month, sum(receivable_bucket_amount)
    from {{ ref('mart_receivables__month') }} where {{ owed }} group by 2
    union all
    select 'overdue_bucket_amount', period_month, sum(receivable_bucket_amount)
    from {{ ref('mart_receivables__month') }} where {{ owed }} and ageing_bucket_order > 0 group by 2
)

select measure, period_month, f.amount as fact_amount, m.amount as mart_amount
from facts as f
full join marts as m using (measure, period_month)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0) and period_month in ({{ closed }}) and period_month >= {{ kept_from() }}
