-- Where each billing cycle stands, the running month's included. Grain: cycle × sector × route.
with work as (
    select * from {{ ref('int_billing__cycle_work') }}
),

steps as (
    select
        billing_cycle_key,
        sector_key,
        route_key,
        count(*) as steps_planned,
        count(*) filter (where is_done) as steps_done,
        (array_agg(step_name order by step_order) filter (where not is_done))[1] as current_step_name,
        (array_agg(days_late order by step_order) filter (where not is_done))[1] as current_step_days_late,
        sum(step_hours) as worked_hours
    from {{ ref('fct_billing_cycle_step') }}
    group by billing_cycle_key, sector_key, route_key
)

select
    w.billing_cycle_id as billing_cycle_key,
    w.cycle_name,
    w.cycle_number,
    w.period_month,
    w.planned_issue_on,
    w.cycle_state,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    coalesce(s.steps_planned, 0) as steps_planned,
    coalesce(s.steps_done, 0) as steps_done,
    coalesce(s.current_step_name, case when s.steps_planned > 0 then 'Terminado' else 'Sin pasos' end) as current_step_name,
    coalesce(s.current_step_days_late, 0) as days_late,
    w.planned_readings,
    w.taken_readings,
    w.effective_readings,
    w.open_incidents,
    w.prepared_invoices,
    w.issued_invoices,
    w.billed_amount::numeric(18, 2) as cycle_billed_amount,
    w.draft_amount::numeric(18, 2) as cycle_draft_amount,
    w.ecf_accepted as cycle_ecf_accepted,
    w.ecf_rejected as cycle_ecf_rejected,
    w.ecf_pending as cycle_ecf_pending,
    w.delivered_invoices,
    w.read_on,
    w.issued_on,
    w.issued_on - w.read_on as reading_to_issue_days
from work as w
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = w.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = w.route_key
left join steps as s on s.billing_cycle_key = w.billing_cycle_id and s.sector_key = w.sector_key and s.route_key = w.route_key
