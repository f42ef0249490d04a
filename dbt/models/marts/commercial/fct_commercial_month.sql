-- The commercial month without its empty places: each CTE adds one fact up. What `mart_commercial__month` fills the grid from.
-- A month of which any fact changed is added up again, and only that. Grain: month × sector × route × user type where anything happened.
{% set touched %}{% raw %}{{ changed_months_of([
    ref('fct_invoice_line'), [ref('fct_invoice'), 'sums'], [ref('fct_payment'), 'sums'], ref('fct_receivable_month'), ref('fct_credit_balance_month'),
    ref('fct_consumption_month'), ref('int_core__contract_month')
]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month'],
        'log': [{'month': 'period_month'}],
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
    from {{ touched_months_of(ref('fct_invoice_line'), 'issued_on') }}
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
    from {{ touched_months_of(ref('fct_invoice'), 'issued_on') }}
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
    from {{ touched_months_of(ref('fct_payment'), 'paid_on') }}
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
    from {{ touched_months_of(ref('fct_receivable_month'), 'period_month') }}
    group by 1, 2, 3, 4
),

credit_balances as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(credit_balance_amount) as unapplied_credit_amount
    from {{ touched_months_of(ref('fct_credit_balance_month'), 'period_month') }}
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
    from {{ touched_months_of(ref('fct_consumption_month'), 'period_month') }}
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
    from {{ touched_months_of(ref('int_core__contract_month'), 'period_month') }}
    group by 1, 2, 3, 4
)

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    coalesce(lines.billed_amount, 0) as billed_amount,
    coalesce(lines.billed_water_amount, 0) as billed_water_amount,
    coalesce(lines.billed_m3, 0) as billed_m3,
    coalesce(documents.credited_amount, 0) as credited_amount,
    coalesce(documents.invoices_issued, 0) as invoices_issued,
    coalesce(payments.collected_amount, 0) as collected_amount,
    coalesce(payments.payments_count, 0) as payments_count,
    coalesce(payments.reversed_amount, 0) as reversed_amount,
    coalesce(receivables.receivable_amount, 0) as receivable_amount,
    coalesce(receivables.overdue_amount, 0) as overdue_amount,
    coalesce(receivables.overdue_90_amount, 0) as overdue_90_amount,
    coalesce(receivables.overdue_contracts, 0) as overdue_contracts,
    coalesce(credit_balances.unapplied_credit_amount, 0) as unapplied_credit_amount,
    coalesce(consumption.consumption_m3, 0) as consumption_m3,
    coalesce(consumption.estimated_m3, 0) as estimated_m3,
    coalesce(consumption.adjusted_m3, 0) as adjusted_m3,
    coalesce(consumption.planned_readings, 0) as planned_readings,
    coalesce(consumption.effective_readings, 0) as effective_readings,
    coalesce(contracts.active_contracts, 0) as active_contracts,
    coalesce(contracts.billed_contracts, 0) as billed_contracts
from lines
full join documents using (period_month, sector_key, route_key, user_type_key)
full join payments using (period_month, sector_key, route_key, user_type_key)
full join receivables using (period_month, sector_key, route_key, user_type_key)
full join credit_balances using (period_month, sector_key, route_key, user_type_key)
full join consumption using (period_month, sector_key, route_key, user_type_key)
full join contracts using (period_month, sector_key, route_key, user_type_key)
