-- Grain: one row.
-- A view, so that what is published stays live: a build that fails publishes nothing, and yet this must change.
-- Straight over the source, with no staging view between: dbt replaces those with `drop ... cascade`, which would take the published mart along.
{{ config(materialized='view') }}

select
    last_load_at,
    last_build_at,
    published_build_id,
    published_as_of,
    is_stale,
    message_es
from {{ source('ops', 'data_status') }}
