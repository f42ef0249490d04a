-- How the tests of the warehouse itself went, build by build. A view, as mart_data_status: a build that failed published nothing, and must be
-- told here.
-- Grain: one row per build and model tested.
{{ config(materialized='view') }}

select
    date_trunc('month', b.started_at at time zone '{{ business_timezone() }}')::date as period_month,
    b.build_id,
    b.started_at,
    (b.started_at at time zone '{{ business_timezone() }}')::date as built_on,
    b.status as build_status,
    t.model_name,
    count(*) as tests_count,
    count(*) filter (where t.status = 'pass') as passed_tests,
    count(*) filter (where t.status = 'warn') as warned_tests,
    count(*) filter (where t.status in ('fail', 'error')) as failed_tests,
    count(*) filter (where t.status = 'skipped') as skipped_tests,
    coalesce(sum(t.failures) filter (where t.status in ('warn', 'fail')), 0)::bigint as failing_rows,
    sum(t.seconds)::numeric(12, 3) as test_seconds
from {{ source('ops', 'test_result') }} as t
inner join {{ source('ops', 'build') }} as b on b.build_id = t.build_id
group by b.build_id, b.started_at, b.status, t.model_name
