-- The commercial month. Each CTE adds one fact up to the grain; the grid keeps it dense; nothing is filtered away.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

lines as (
    select
        {{ month_of('issued_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(line_amount) as billed_amount,
        sum(line_amount) filter (where concept_type = 'agua') as billed_water_amount,
        sum(billed_m3) as billed_m3
    from {{ ref('fct_invoice_line') }}
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
    from {{ ref('fct_invoice') }}
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
    from {{ ref('fct_payment') }}
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
    from {{ ref('fct_receivable_month') }}
    group by 1, 2, 3, 4
),

credit_balances as (
    select
        b.period_month,
        c.sector_key,
        c.route_key,
        c.user_type_key,
        sum(b.credit_balance_amount) as unapplied_credit_amount
    from {{ ref('fct_credit_balance_month') }} as b
    inner join {{ ref('dim_contract') }} as c on c.contract_key = b.contract_key
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
    from {{ ref('fct_consumption_month') }}
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
    from {{ ref('int_core__contract_month') }}
    group by 1, 2, 3, 4
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(lines.billed_amount, 0) as billed_amount,
    coalesce(lines.billed_water_amount, 0) as billed_water_amount,
    coalesce(documents.credited_amount, 0) as credited_amount,
    coalesce(payments.collected_amount, 0) as collected_amount,
    coalesce(receivables.receivable_amount, 0) as receivable_amount,
    coalesce(receivables.overdue_amount, 0) as overdue_amount,
    coalesce(receivables.overdue_90_amount, 0) as overdue_90_amount,
    -- dense: twelve rows are twelve months; with fewer there is no annual billing to speak of
    case when count(*) over twelve_months = 12 then sum(coalesce(lines.billed_amount, 0)) over twelve_months end as billed_12m_amount,
    coalesce(lines.billed_m3, 0) as billed_m3,
    coalesce(consumption.consumption_m3, 0) as consumption_m3,
    coalesce(consumption.estimated_m3, 0) as estimated_m3,
    coalesce(consumption.adjusted_m3, 0) as adjusted_m3,
    coalesce(consumption.planned_readings, 0) as planned_readings,
    coalesce(consumption.effective_readings, 0) as effective_readings,
    coalesce(contracts.active_contracts, 0) as active_contracts,
    coalesce(contracts.billed_contracts, 0) as billed_contracts,
    coalesce(receivables.overdue_contracts, 0) as overdue_contracts,
    coalesce(documents.invoices_issued, 0) as invoices_issued,
    coalesce(payments.payments_count, 0) as payments_count,
    coalesce(payments.reversed_amount, 0) as reversed_amount,
    coalesce(credit_balances.unapplied_credit_amount, 0) as unapplied_credit_amount
from grid
left join lines using (period_month, sector_key, route_key, user_type_key)
left join documents using (period_month, sector_key, route_key, user_type_key)
left join payments using (period_month, sector_key, route_key, user_type_key)
left join receivables using (period_month, sector_key, route_key, user_type_key)
left join credit_balances using (period_month, sector_key, route_key, user_type_key)
left join consumption using (period_month, sector_key, route_key, user_type_key)
left join contracts using (period_month, sector_key, route_key, user_type_key)
window twelve_months as (
    partition by sector_key, route_key, user_type_key order by period_month rows between 11 preceding and current row
)
