-- The commercial month without its empty places, fact by fact: each CTE adds one up. What `mart_commercial__month` fills the grid from.
-- A month of which a fact changed is added up again, and of that fact only: a late reading does not have the month's bills read.
-- Grain: fact × month × sector × route × user type where anything happened; the measures of the other facts are 0.
{% set touched %}{% raw %}
{% set changing = {
    'lines': [ref('fct_invoice_line')], 'documents': [[ref('fct_invoice'), 'sums']], 'payments': [[ref('fct_payment'), 'sums']],
    'receivables': [ref('fct_receivable_month')], 'credit_balances': [ref('fct_credit_balance_month')], 'consumption': [ref('fct_consumption_month')],
    'contracts': [ref('int_core__contract_month')],
} %}
{% for fact, changed in changing.items() %}
select '{{ fact }}' as fact, c.period_month from ({{ changed_months_of(changed) }}) as c
{{ 'union all' if not loop.last }}
{% endfor %}
{% endraw %}{% endset %}
{% set measures = {
    'lines': ['billed_amount', 'billed_water_amount', 'billed_m3'],
    'documents': ['credited_amount', 'invoices_issued'],
    'payments': ['collected_amount', 'payments_count', 'reversed_amount'],
    'receivables': ['receivable_amount', 'overdue_amount', 'overdue_90_amount', 'overdue_contracts'],
    'credit_balances': ['unapplied_credit_amount'],
    'consumption': ['consumption_m3', 'estimated_m3', 'adjusted_m3', 'planned_readings', 'effective_readings'],
    'contracts': ['active_contracts', 'billed_contracts'],
} %}
{% set log = [{'month': 'period_month'}] %}
{% for fact in measures %}
    {% do log.append({'topic': fact, 'when': "fact = '" ~ fact ~ "'", 'month': 'period_month'}) %}
{% endfor %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['fact', 'period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['fact', 'period_month'], 'log': log,
    }},
) }}

with lines as (
    select
        {{ month_of('issued_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(line_amount) as billed_amount,
        sum(line_amount) filter (where concept_type = 'agua') as billed_water_amount,
        sum(billed_m3) as billed_m3
    from {{ touched_months_of(ref('fct_invoice_line'), 'issued_on', "fact = 'lines'") }}
    group by 1, 2, 3, 4
),

documents as (
    select
        {{ month_of('issued_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(untaxed_amount) filter (where document_kind = 'nota_credito') as credited_amount,
        count(*) filter (where document_kind = 'factura') as invoices_issued
    from {{ touched_months_of(ref('fct_invoice'), 'issued_on', "fact = 'documents'") }}
    where state = 'posted'
    group by 1, 2, 3, 4
),

payments as (
    select
        {{ month_of('paid_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(payment_amount) as collected_amount,
        count(*) filter (where payment_amount > 0) as payments_count,
        -sum(payment_amount) filter (where is_reversal) as reversed_amount
    from {{ touched_months_of(ref('fct_payment'), 'paid_on', "fact = 'payments'") }}
    group by 1, 2, 3, 4
),

receivables as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(receivable_amount) as receivable_amount,
        sum(overdue_amount) as overdue_amount,
        sum(receivable_amount) filter (where ageing_bucket_order >= {{ ageing_buckets() | selectattr('upto', 'equalto', 90) | map(attribute='order') | first + 1 }})
            as overdue_90_amount,
        count(distinct contract_key) filter (where overdue_amount > 0 and contract_key <> {{ unassigned_key() }}) as overdue_contracts
    from {{ touched_months_of(ref('fct_receivable_month'), 'period_month', "fact = 'receivables'") }}
    group by 1, 2, 3, 4
),

credit_balances as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(credit_balance_amount) as unapplied_credit_amount
    from {{ touched_months_of(ref('fct_credit_balance_month'), 'period_month', "fact = 'credit_balances'") }}
    group by 1, 2, 3, 4
),

consumption as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(consumption_m3) as consumption_m3,
        sum(consumption_m3) filter (where consumption_kind = 'estimated') as estimated_m3,
        sum(consumption_m3) filter (where consumption_kind = 'adjusted') as adjusted_m3,
        count(*) as planned_readings,
        count(*) filter (where is_effective_reading) as effective_readings
    from {{ touched_months_of(ref('fct_consumption_month'), 'period_month', "fact = 'consumption'") }}
    group by 1, 2, 3, 4
),

contracts as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as active_contracts,
        count(*) filter (where is_billed) as billed_contracts
    from {{ touched_months_of(ref('int_core__contract_month'), 'period_month', "fact = 'contracts'") }}
    group by 1, 2, 3, 4
)

{% for fact in measures %}
select
    '{{ fact }}' as fact,
    period_month,
    sector_key,
    route_key,
    user_type_key
    {%- for other, columns in measures.items() %}
    {%- for column in columns %},
    {{ 'coalesce(' ~ column ~ ', 0)' if other == fact else '0' }} as {{ column }}
    {%- endfor %}
    {%- endfor %}
from {{ fact }}
{{ 'union all' if not loop.last }}
{% endfor %}
