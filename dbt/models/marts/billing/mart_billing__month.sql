-- What was billed by kind of concept, how the tax office answered, and what billing got wrong. Documents by their month of issue, periods by
-- themselves, exclusions at month end. Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

corrections as (
    select
        {{ month_of('issued_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) as billing_error_notes,
        sum(untaxed_amount) as billing_error_amount
    from {{ ref('fct_credit_note') }}
    where is_billing_error
    group by 1, 2, 3, 4
),

duplicates as (
    select {{ month_of('d.issued_on') }} as period_month, v.sector_key, v.route_key, v.user_type_key, count(*) as duplicate_invoices
    from {{ ref('mart_billing__duplicate_invoice') }} as d
    inner join {{ ref('int_core__contract_version') }} as v on {{ version_of('v', 'd.contract_key', 'd.issued_on') }}
    group by 1, 2, 3, 4
),

skipped as (
    select s.period_month, v.sector_key, v.route_key, v.user_type_key, count(*) as unbilled_periods
    from {{ ref('mart_billing__skipped_period') }} as s
    inner join {{ ref('int_core__contract_version') }} as v on {{ version_of('v', 's.contract_key', month_end('s.period_month')) }}
    group by 1, 2, 3, 4
),

excluded as (
    select cm.period_month, cm.sector_key, cm.route_key, cm.user_type_key, count(*) as excluded_contracts
    from {{ ref('int_core__contract_month') }} as cm
    inner join {{ ref('int_billing__exclusion') }} as x on x.contract_key = cm.contract_key
    where (x.from_on is null or x.from_on <= {{ month_end('cm.period_month') }})
        and (x.until_on is null or x.until_on > {{ month_end('cm.period_month') }})
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
    coalesce(sums.water_billed_amount, 0) as water_billed_amount,
    coalesce(sums.sewer_billed_amount, 0) as sewer_billed_amount,
    coalesce(sums.late_fee_billed_amount, 0) as late_fee_billed_amount,
    coalesce(sums.other_billed_amount, 0) as other_billed_amount,
    coalesce(sums.billing_invoices, 0) as billing_invoices,
    coalesce(sums.voided_documents, 0) as voided_documents,
    coalesce(sums.ecf_issued, 0) as ecf_issued,
    coalesce(sums.ecf_accepted, 0) as ecf_accepted,
    coalesce(sums.ecf_rejected, 0) as ecf_rejected,
    coalesce(sums.ecf_pending, 0) as ecf_pending,
    coalesce(corrections.billing_error_notes, 0) as billing_error_notes,
    coalesce(corrections.billing_error_amount, 0) as billing_error_amount,
    coalesce(duplicates.duplicate_invoices, 0) as duplicate_invoices,
    coalesce(skipped.unbilled_periods, 0) as unbilled_periods,
    coalesce(excluded.excluded_contracts, 0) as excluded_contracts
from grid
left join {{ ref('fct_billing_month') }} as sums using (period_month, sector_key, route_key, user_type_key)
left join corrections using (period_month, sector_key, route_key, user_type_key)
left join duplicates using (period_month, sector_key, route_key, user_type_key)
left join skipped using (period_month, sector_key, route_key, user_type_key)
left join excluded using (period_month, sector_key, route_key, user_type_key)
