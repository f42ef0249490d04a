-- Claims, service requests and support tickets with their term and how long they took. The term is the seed's (sla_targets, calendar hours: a
-- whole number of days runs until the end of its last day); where it has none, Odoo's due date. Hours are of the calendar; those of the working week
-- stand beside them. Sector, route and user type are those of the contract on the day it opened.
-- Grain: one row per claim, service request or ticket.
with requests as (
    select * from {{ ref('int_service__request') }}
),

contracts as (
    select * from {{ ref('int_core__contract') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

customers as (
    select * from {{ ref('stg_odoo__customer') }}
),

users as (
    select * from {{ ref('stg_odoo__user') }}
),

targets as (
    select * from {{ ref('sla_targets') }}
),

termed as (
    select r.*, coalesce(t.target_hours, w.target_hours) as target_hours
    from requests as r
    left join targets as t on t.request_source = r.request_source and t.request_kind = r.request_kind
    left join targets as w on w.request_source = r.request_source and w.request_kind = '*'
),

dated as (
    select
        *,
        case
            when target_hours is null then source_due_at
            when target_hours % 24 = 0
                then ({{ business_date('opened_at') }} + target_hours / 24 + time '23:59:59') at time zone '{{ business_timezone() }}'
            else opened_at + make_interval(hours => target_hours)
        end as due_at
    from termed
)

select
    r.request_source || '-' || r.request_id as request_key,
    r.request_source,
    r.request_id::bigint as request_id,
    r.request_number,
    coalesce(r.request_kind, 'sin dato') as request_kind,
    r.channel,
    coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(cu.customer_id, c.customer_key, {{ unassigned_key() }}) as customer_key,
    coalesce(v.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(v.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(v.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(v.user_type_key, {{ unassigned_key() }}) as user_type_key,
    coalesce(u.user_name, {{ unassigned_name() }}) as assigned_to,
    r.status,
    r.is_founded,
    r.resolution,
    coalesce(r.credited_amount, 0)::numeric(18, 2) as credited_amount,
    r.opened_at,
    {{ business_date('r.opened_at') }} as opened_on,
    r.due_at,
    {{ business_date('r.due_at') }} as due_on,
    case when r.target_hours is not null then 'plazo' when r.due_at is not null then 'odoo' else 'sin plazo' end as due_rule,
    r.target_hours,
    r.closed_at,
    {{ business_date('r.closed_at') }} as closed_on,
    case when r.status = 'resuelta' then extract(epoch from r.closed_at - r.opened_at) / 3600 end::numeric(12, 2) as resolution_hours,
    case when r.status = 'resuelta' then {{ working_hours_between('r.opened_at', 'r.closed_at') }} end as resolution_working_hours,
    case when r.status = 'abierta' then {{ business_today() }} - {{ business_date('r.opened_at') }} end as open_days,
    case
        when r.status = 'resuelta' then r.closed_at <= r.due_at
        when r.status = 'abierta' and {{ business_date('r.due_at') }} < {{ business_today() }} then false
    end as is_within_sla,
    coalesce(r.status = 'abierta' and {{ business_date('r.due_at') }} < {{ business_today() }}, false) as is_overdue
from dated as r
left join contracts as c on c.contract_key = r.contract_id
left join versions as v on {{ version_of('v', 'c.contract_key', business_date('r.opened_at')) }}
left join customers as cu on cu.customer_id = r.customer_id
left join users as u on u.user_id = r.user_id
