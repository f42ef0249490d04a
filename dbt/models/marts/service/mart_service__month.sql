-- The month of customer service. A case counts where it opened, in the month that its term ended, and in the month that it was resolved.
-- Grain: closed month × sector × route × user type, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

requests as (
    select * from {{ ref('fct_service_request') }}
),

opened as (
    select
        {{ month_of('opened_on') }} as period_month, sector_key, route_key, user_type_key,
        count(*) as cases_opened,
        count(*) filter (where request_source = 'reclamo') as claims_opened,
        count(*) filter (where request_source = 'solicitud') as requests_opened,
        count(*) filter (where request_source = 'ticket') as tickets_opened
    from requests
    group by 1, 2, 3, 4
),

resolved as (
    select
        {{ month_of('closed_on') }} as period_month, sector_key, route_key, user_type_key,
        count(*) as cases_resolved,
        count(*) filter (where request_source = 'reclamo') as claims_resolved,
        count(*) filter (where request_source = 'reclamo' and is_founded) as claims_founded,
        sum(credited_amount) filter (where request_source = 'reclamo') as claims_credited_amount,
        sum(resolution_hours) as resolution_hours
    from requests
    where status = 'resuelta'
    group by 1, 2, 3, 4
),

due as (
    select
        {{ month_of('due_on') }} as period_month, sector_key, route_key, user_type_key,
        count(*) as sla_due_cases,
        count(*) filter (where is_within_sla) as sla_met_cases,
        count(*) filter (where request_source = 'reclamo') as sla_due_claims,
        count(*) filter (where request_source = 'reclamo' and is_within_sla) as sla_met_claims
    from requests
    where status <> 'retirada'
    group by 1, 2, 3, 4
),

-- closed without a date: nobody knows for how long it was open, it is not counted as open
backlog as (
    select
        m.period_month, r.sector_key, r.route_key, r.user_type_key,
        count(*) as open_cases,
        count(*) filter (where r.due_on <= m.month_end_on) as overdue_cases
    from {{ ref('int_core__closed_month') }} as m
    inner join requests as r
        on r.opened_on <= m.month_end_on
            and (r.closed_on > m.month_end_on or (r.closed_on is null and r.status = 'abierta'))
    group by 1, 2, 3, 4
),

appointments as (
    select
        {{ month_of('scheduled_on') }} as period_month, sector_key, route_key, user_type_key,
        count(*) filter (where state in ('attended', 'no_show')) as appointments_due,
        count(*) filter (where state = 'attended') as appointments_attended,
        count(*) filter (where state = 'no_show') as appointments_missed,
        sum(wait_minutes) as wait_minutes
    from {{ ref('fct_appointment') }}
    group by 1, 2, 3, 4
),

contracts as (
    select * from {{ ref('int_core__contract_count_month') }}
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    grid.route_code,
    grid.user_type_name,
    coalesce(opened.cases_opened, 0) as cases_opened,
    coalesce(opened.claims_opened, 0) as claims_opened,
    coalesce(opened.requests_opened, 0) as requests_opened,
    coalesce(opened.tickets_opened, 0) as tickets_opened,
    coalesce(resolved.cases_resolved, 0) as cases_resolved,
    coalesce(resolved.claims_resolved, 0) as claims_resolved,
    coalesce(resolved.claims_founded, 0) as claims_founded,
    coalesce(resolved.claims_credited_amount, 0)::numeric(18, 2) as claims_credited_amount,
    coalesce(resolved.resolution_hours, 0)::numeric(18, 2) as resolution_hours,
    coalesce(due.sla_due_cases, 0) as sla_due_cases,
    coalesce(due.sla_met_cases, 0) as sla_met_cases,
    coalesce(due.sla_due_claims, 0) as sla_due_claims,
    coalesce(due.sla_met_claims, 0) as sla_met_claims,
    coalesce(backlog.open_cases, 0) as open_cases,
    coalesce(backlog.overdue_cases, 0) as overdue_cases,
    coalesce(appointments.appointments_due, 0) as appointments_due,
    coalesce(appointments.appointments_attended, 0) as appointments_attended,
    coalesce(appointments.appointments_missed, 0) as appointments_missed,
    coalesce(appointments.wait_minutes, 0)::numeric(18, 1) as wait_minutes,
    coalesce(contracts.active_contracts, 0) as active_contracts
from grid
left join opened using (period_month, sector_key, route_key, user_type_key)
left join resolved using (period_month, sector_key, route_key, user_type_key)
left join due using (period_month, sector_key, route_key, user_type_key)
left join backlog using (period_month, sector_key, route_key, user_type_key)
left join appointments using (period_month, sector_key, route_key, user_type_key)
left join contracts using (period_month, sector_key, route_key, user_type_key)
