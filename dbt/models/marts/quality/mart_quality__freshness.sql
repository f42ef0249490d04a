-- How long ago each entity was last loaded whole, by source. A view, so that it goes on ageing between builds; straight over ops, as
-- mart_data_status.
-- Grain: one row per source and entity ever loaded.
{{ config(materialized='view') }}

select
    date_trunc('month', {{ business_today() }})::date as period_month,
    case when pipeline = 'geo' then 'Catastro' else coalesce(max(details ->> 'source'), pipeline) end as source_name,
    coalesce(entity, pipeline) as entity_name,
    max(ended_at) filter (where status = 'ok') as last_loaded_at,
    count(*) filter (where status = 'failed' and started_at > now() - interval '7 days') as failed_runs_7d,
    (extract(epoch from now() - max(ended_at) filter (where status = 'ok')) / 3600)::numeric(12, 2) as hours_since_load
from {{ source('ops', 'run') }}
where pipeline not in ('reconcile', 'verify')
group by pipeline, coalesce(entity, pipeline)
