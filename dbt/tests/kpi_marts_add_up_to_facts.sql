-- The KPI marts lose nothing: in every closed month each of their sums is that of its fact.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares the months of which a fact or its sums changed.
{% set changing = [ref('fct_invoice_line'), ref('fct_invoice'), ref('fct_payment'), ref('fct_receivable_month'), ref('fct_credit_balance_month'),
                   ref('fct_consumption_month'), ref('int_core__contract_month'), ref('fct_commercial_month'), ref('fct_receivable_age_month')] %}
{% set months = none if tests_everything() else untested_months(changing) %}
{% set issued = is_in_months('issued_on', months) if months else 'true' %}
{% set paid = is_in_months('paid_on', months) if months else 'true' %}
{% set period = is_in_months('period_month', months) if months else 'true' %}

with facts as (
    select 'billed_amount' as measure, {{ month_of('issued_on') }} as period_month, sum(line_amount) as amount
    from {{ ref('fct_invoice_line') }} where {{ issued }} group by 2
    union all
    select 'billed_m3', {{ month_of('issued_on') }}, sum(billed_m3) from {{ ref('fct_invoice_line') }} where {{ issued }} group by 2
    union all
    select 'credited_amount', {{ month_of('issued_on') }}, sum(untaxed_amount)
    from {{ ref('fct_invoice') }} where {{ issued }} and state = 'posted' and sign = -1 group by 2
    union all
    select 'invoices_issued', {{ month_of('issued_on') }}, count(*)
    from {{ ref('fct_invoice') }} where {{ issued }} and state = 'posted' and document_kind = 'factura' group by 2
    union all
    select 'collected_amount', {{ month_of('paid_on') }}, sum(payment_amount) from {{ ref('fct_payment') }} where {{ paid }} group by 2
    union all
    select 'collected_daily', {{ month_of('paid_on') }}, sum(payment_amount) from {{ ref('fct_payment') }} where {{ paid }} group by 2
    union all
    select 'receivable_amount', period_month, sum(receivable_amount) from {{ ref('fct_receivable_month') }} where {{ period }} group by 2
    union all
    select 'receivable_bucket_amount', period_month, sum(receivable_amount) from {{ ref('fct_receivable_month') }} where {{ period }} group by 2
    union all
    select 'overdue_amount', period_month, sum(overdue_amount) from {{ ref('fct_receivable_month') }} where {{ period }} group by 2
    union all
    select 'overdue_bucket_amount', period_month, sum(overdue_amount) from {{ ref('fct_receivable_month') }} where {{ period }} group by 2
    union all
    select 'unapplied_credit_amount', period_month, sum(credit_balance_amount)
    from {{ ref('fct_credit_balance_month') }} where {{ period }} group by 2
    union all
    select 'consumption_m3', period_month, sum(consumption_m3) from {{ ref('fct_consumption_month') }} where {{ period }} group by 2
    union all
    select 'planned_readings', period_month, count(*) from {{ ref('fct_consumption_month') }} where {{ period }} group by 2
    union all
    select 'active_contracts', period_month, count(*) from {{ ref('int_core__contract_month') }} where {{ period }} group by 2
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
