-- Steps of the billing cycles, route by route. The source keeps the hours of a step once for the whole cycle: its routes have them all
-- alike, and each its own documents. Planned days come from the planned issue. Grain: cycle × sector × route × step.
with work as (
    select * from {{ ref('int_billing__cycle_work') }}
),

calendar as (
    select * from (values
        {%- for step in billing_steps() %}
        ('{{ step.code }}'::text, {{ step.days_before_issue }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as c (step, days_before_issue)
),

steps as (
    select
        *,
        lag(ended_at) over (partition by billing_cycle_id order by step_number) as previous_ended_at
    from {{ ref('stg_odoo__billing_cycle_step') }}
)

select
    s.billing_cycle_id as billing_cycle_key,
    w.sector_key,
    w.route_key,
    sec.municipality_key,
    coalesce(s.step_number, 0)::smallint as step_order,
    s.step as step_code,
    {{ billing_step_name('s.step') }} as step_name,
    w.cycle_name,
    w.cycle_number,
    w.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    s.state,
    s.state = 'done' as is_done,
    w.planned_issue_on - coalesce(c.days_before_issue, 0) as planned_on,
    s.started_at,
    s.ended_at,
    round(extract(epoch from (s.ended_at - s.started_at))::numeric / 3600, 2)::numeric(18, 2) as step_hours,
    round(extract(epoch from (s.started_at - s.previous_ended_at))::numeric / 3600, 2)::numeric(18, 2) as waiting_hours,
    -- what is not done is late as of today; what has not been planned yet is never late
    greatest(
        coalesce({{ business_date('s.ended_at') }}, {{ business_today() }}) - (w.planned_issue_on - coalesce(c.days_before_issue, 0)), 0
    ) as days_late,
    (case s.step
        when 'reading' then w.planned_readings
        when 'incidents' then w.incidents
        when 'review' then w.taken_readings
        when 'pre_billing' then w.prepared_invoices
        when 'confirmation' then w.issued_invoices
        when 'ecf' then w.ecf_accepted + w.ecf_rejected
        else 0
    end)::bigint as documents_count
from steps as s
inner join work as w on w.billing_cycle_id = s.billing_cycle_id
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = w.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = w.route_key
left join calendar as c on c.step = s.step
