-- What became of each month's billing: collected of it within 30, 60 and 90 days of each document's issue, and to date.
-- Billed: posted invoices and debit notes by issue date, with taxes, since payments settle totals. What credit notes took off within the same
-- days could not be collected and is not in the denominator. NULL in both while some document of the month has not had its days yet.
-- Grain: closed month of billing × sector × route × user type, dense.
{% set terms = [30, 60, 90] %}

with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

documents as (
    select
        invoice_key,
        {{ month_of('issued_on') }} as period_month,
        issued_on,
        sector_key,
        route_key,
        user_type_key,
        total_amount
    from {{ ref('fct_invoice') }}
    where state = 'posted' and sign = 1
),

billed as (
    select period_month, sector_key, route_key, user_type_key, sum(total_amount) as billed_amount
    from documents
    group by 1, 2, 3, 4
),

settled as (
    select
        d.period_month,
        d.sector_key,
        d.route_key,
        d.user_type_key,
        sum(a.allocated_amount) filter (where a.allocation_kind = 'pago') as collected_amount,
        sum(a.allocated_amount) filter (where a.allocation_kind = 'nota_credito') as credited_amount,
        sum(a.allocated_amount) filter (where a.allocation_kind = 'ajuste') as adjusted_amount
        {%- for days in terms %},
        sum(a.allocated_amount) filter (
            where a.allocation_kind = 'pago' and a.allocated_on - d.issued_on <= {{ days }}
        ) as collected_{{ days }}_amount,
        sum(a.allocated_amount) filter (
            where a.allocation_kind <> 'pago' and a.allocated_on - d.issued_on <= {{ days }}
        ) as credited_{{ days }}_amount
        {%- endfor %}
    from documents as d
    inner join {{ ref('fct_payment_allocation') }} as a on a.invoice_key = d.invoice_key
    group by 1, 2, 3, 4
),

cohorts as (
    select
        *
        {%- for days in terms %},
        billed_amount - coalesce(credited_{{ days }}_amount, 0) as collectable_{{ days }}_amount
        {%- endfor %}
    from billed
    left join settled using (period_month, sector_key, route_key, user_type_key)
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(cohorts.billed_amount, 0) as cohort_billed_amount,
    coalesce(cohorts.credited_amount, 0) as cohort_credited_amount,
    coalesce(cohorts.adjusted_amount, 0) as cohort_adjusted_amount,
    coalesce(cohorts.collected_amount, 0) as cohort_collected_amount,
    coalesce(cohorts.billed_amount, 0) - coalesce(cohorts.credited_amount, 0) - coalesce(cohorts.adjusted_amount, 0)
    - coalesce(cohorts.collected_amount, 0) as cohort_pending_amount
    {%- for days in terms %},
    case
        when grid.month_end_on + {{ days }} < {{ business_today() }} then coalesce(cohorts.collected_{{ days }}_amount, 0)
    end as collected_{{ days }}_amount,
    case
        when grid.month_end_on + {{ days }} < {{ business_today() }} then coalesce(cohorts.collectable_{{ days }}_amount, 0)
    end as collectable_{{ days }}_amount
    {%- endfor %}
from grid
left join cohorts using (period_month, sector_key, route_key, user_type_key)
