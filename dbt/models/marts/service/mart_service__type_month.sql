-- Customer service by type of case.
-- Grain: closed month × sector × type (source and kind) × channel, dense: every pair of type and channel ever seen.
with requests as (
    select * from {{ ref('fct_service_request') }}
),

types as (
    select distinct request_source, request_kind, channel from requests
),

grid as (
    select m.period_month, m.month_end_on, s.sector_key, s.sector_code, s.sector_name, s.municipality_code, s.municipality_name, t.*
    from {{ ref('int_core__closed_month') }} as m
    cross join {{ ref('int_core__sector') }} as s
    cross join types as t
),

opened as (
    select {{ month_of('opened_on') }} as period_month, sector_key, request_source, request_kind, channel, count(*) as type_cases_opened
    from requests
    group by 1, 2, 3, 4, 5
),

resolved as (
    select
        {{ month_of('closed_on') }} as period_month, sector_key, request_source, request_kind, channel,
        count(*) as type_cases_resolved,
        count(*) filter (where is_founded) as type_cases_founded,
        sum(resolution_hours) as type_resolution_hours
    from requests
    where status = 'resuelta'
    group by 1, 2, 3, 4, 5
),

due as (
    select
        {{ month_of('due_on') }} as period_month, sector_key, request_source, request_kind, channel,
        count(*) as type_sla_due_cases,
        count(*) filter (where is_within_sla) as type_sla_met_cases
    from requests
    where status <> 'retirada'
    group by 1, 2, 3, 4, 5
),

backlog as (
    select m.period_month, r.sector_key, r.request_source, r.request_kind, r.channel, count(*) as type_open_cases
    from {{ ref('int_core__closed_month') }} as m
    inner join requests as r
        on r.opened_on <= m.month_end_on
            and (r.closed_on > m.month_end_on or (r.closed_on is null and r.status = 'abierta'))
    group by 1, 2, 3, 4, 5
)

select
    period_month,
    grid.municipality_code,
    grid.municipality_name,
    grid.sector_code,
    grid.sector_name,
    request_source,
    request_kind,
    channel,
    coalesce(opened.type_cases_opened, 0) as type_cases_opened,
    coalesce(resolved.type_cases_resolved, 0) as type_cases_resolved,
    coalesce(resolved.type_cases_founded, 0) as type_cases_founded,
    coalesce(resolved.type_resolution_hours, 0)::numeric(18, 2) as type_resolution_hours,
    coalesce(due.type_sla_due_cases, 0) as type_sla_due_cases,
    coalesce(due.type_sla_met_cases, 0) as type_sla_met_cases,
    coalesce(backlog.type_open_cases, 0) as type_open_cases
from grid
left join opened using (period_month, sector_key, request_source, request_kind, channel)
left join resolved using (period_month, sector_key, request_source, request_kind, channel)
left join due using (period_month, sector_key, request_source, request_kind, channel)
left join backlog using (period_month, sector_key, request_source, request_kind, channel)
