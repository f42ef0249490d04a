-- What became of each month's billing: collected of it within 30, 60 and 90 days of each document's issue, and to date.
-- Billed: posted invoices and debit notes by issue date, with taxes, since payments settle totals. What credit notes took off within the same
-- days could not be collected and is not in the denominator. NULL in both while some document of the month has not had its days yet.
-- Grain: closed month of billing × sector × route × user type, dense.
{% set terms = collection_terms() %}

with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

cohorts as (
    select
        issued_month as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(billed_amount) as billed_amount,
        sum(collected_amount) as collected_amount,
        sum(credited_amount) as credited_amount,
        sum(adjusted_amount) as adjusted_amount
        {%- for days in terms %},
        sum(collected_{{ days }}_amount) as collected_{{ days }}_amount,
        sum(billed_amount - credited_{{ days }}_amount) as collectable_{{ days }}_amount
        {%- endfor %}
    from {{ ref('int_collections__cohort_month') }}
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
    coalesce(cohorts.billed_amount, 0) as cohort_billed_amount,
    coalesce(cohorts.credited_amount, 0) as cohort_credited_amount,
    coalesce(cohorts.adjusted_amount, 0) as cohort_adjusted_amount,
    coalesce(cohorts.collected_amount, 0) as cohort_collected_amount,
    coalesce(cohorts.billed_amount - cohorts.credited_amount - cohorts.adjusted_amount - cohorts.collected_amount, 0) as cohort_pending_amount
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
