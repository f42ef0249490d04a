-- Appointments at the offices, with what the contract was that day. Grain: one row per appointment.
with appointments as (
    select * from {{ ref('stg_odoo__appointment') }}
),

requests as (
    select * from {{ ref('stg_odoo__service_request') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
)

select
    a.appointment_id as appointment_key,
    case when r.service_request_id is not null then 'solicitud-' || r.service_request_id end as request_key,
    coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(c.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(c.user_type_key, {{ unassigned_key() }}) as user_type_key,
    coalesce(a.office, {{ unassigned_name() }}) as office,
    a.state,
    a.scheduled_at,
    {{ business_date('a.scheduled_at') }} as scheduled_on,
    a.arrived_at,
    a.attended_at,
    -- who comes early waits from the hour that was given
    case
        when a.state = 'attended' then greatest(extract(epoch from a.attended_at - greatest(a.arrived_at, a.scheduled_at)) / 60, 0)
    end::numeric(8, 1) as wait_minutes
from appointments as a
left join requests as r on r.service_request_id = a.service_request_id
left join versions as c
    on {{ version_of_or_todays('c', 'coalesce(a.contract_id, r.contract_id)', business_date('a.scheduled_at')) }}
