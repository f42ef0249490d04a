-- Whom to cut and nobody has ordered it: active, cuttable, overdue beyond the threshold, without an agreement in force, neither cut nor with a
-- cut order waiting. The oldest debt first. Grain: one row per contract.
select
    contract_key,
    contract_code,
    customer_name_masked,
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    route_code,
    user_type_name,
    supply_point_code,
    latitude,
    longitude,
    as_of_on,
    overdue_amount,
    overdue_months,
    oldest_due_on,
    days_past_due,
    ageing_bucket,
    ageing_bucket_order,
    last_paid_on,
    agreement_state,
    last_cut_on,
    last_reconnection_on,
    row_number() over (partition by route_code order by overdue_amount desc, contract_key) as route_priority
from {{ ref('mart_receivables__debtor') }}
where status = 'active' and is_cuttable and days_past_due > {{ cut_after_days() }}
    and agreement_state <> 'vigente' and not is_cut and not has_pending_cut_order
