-- The installation's own state: runs, watermarks, quarantine, reconciliation, builds.
-- One row: which version of these files was applied last.
create table if not exists ops.bootstrap (fingerprint text not null, applied_at timestamptz not null default now());

create table if not exists ops.run (
    run_id bigint generated always as identity primary key,
    pipeline text not null,
    entity text,
    status text not null default 'running' check (status in ('running', 'ok', 'failed')),
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    rows_read bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_deleted bigint not null default 0,
    rows_quarantined bigint not null default 0,
    watermark_from timestamptz,
    watermark_to timestamptz,
    error text,
    details jsonb not null default '{}'
);
create index if not exists run_pipeline_started on ops.run (pipeline, entity, started_at desc);

create table if not exists ops.watermark (
    source text not null,
    entity text not null,
    watermark timestamptz,
    max_id bigint,
    run_id bigint,
    updated_at timestamptz not null default now(),
    primary key (source, entity)
);
-- What the raw table holds after the last good run, kept exactly by each run, so that a count of the source alone says whether a key was lost.
alter table ops.watermark add column if not exists live_rows bigint;
alter table ops.watermark add column if not exists key_sum numeric;
alter table ops.watermark add column if not exists amount_sum numeric(24, 2);
-- The rows that changed last, by the source's clock (key → moments), to know them again.
alter table ops.watermark add column if not exists witnesses jsonb;
-- The source's fields at the last good run: name → {type, relation, label, stored}.
alter table ops.watermark add column if not exists fields jsonb;
-- What the source's own server had counted of the table: rows inserted, rows deleted, and the life of the table that the counts are of.
alter table ops.watermark add column if not exists pulse jsonb;
-- Where the source cannot compute checksums: each seventh of the ranges and the business date it was last compared row by row.
alter table ops.watermark add column if not exists sevenths jsonb not null default '{}';

-- Fields of the source that are no longer what the mapping or the last good run knew. Open while resolved_at is null.
create table if not exists ops.schema_drift (
    id bigint generated always as identity primary key,
    source text not null,
    entity text not null,
    field text not null,                 -- Odoo's name (of a renamed one: the old name)
    change text not null check (change in ('new', 'renamed', 'retyped', 'dropped')),
    old_type text,
    new_type text,
    new_field text,                      -- of a renamed one: its name now
    action text not null,                -- warned | refused | added | kept (column stays, no longer written) | excluded (never brought) | accepted
    first_seen_run bigint,
    first_seen_at timestamptz not null default now(),
    resolved_at timestamptz
);
create unique index if not exists schema_drift_open on ops.schema_drift (source, entity, field, change) where resolved_at is null;

create table if not exists ops.quarantine (
    id bigint generated always as identity primary key,
    run_id bigint,
    source text not null,
    entity text not null,
    record_id text,
    field text,
    reason text not null,
    payload jsonb,
    created_at timestamptz not null default now(),
    resolved_at timestamptz
);
create index if not exists quarantine_open on ops.quarantine (source, entity) where resolved_at is null;

create table if not exists ops.reconciliation (
    id bigint generated always as identity primary key,
    run_id bigint,
    entity text not null,
    source_rows bigint,
    warehouse_rows bigint,
    source_amount numeric(24, 2),  -- wider than what one row may hold: the source may have such a row
    warehouse_amount numeric(24, 2),
    hidden_rows bigint,
    status text not null,
    checked_at timestamptz not null default now()
);

create table if not exists ops.build (
    build_id bigint generated always as identity primary key,
    status text not null default 'running' check (status in ('running', 'ok', 'failed')),
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    failed_tests jsonb not null default '[]',
    data_as_of date,
    raw_loaded_at timestamptz,
    promoted_at timestamptz
);

create or replace view ops.data_status as
with last_build as (
    select * from ops.build where status <> 'running' order by build_id desc limit 1
),

published as (
    select * from ops.build where promoted_at is not null order by promoted_at desc limit 1
),

last_load as (
    select max(ended_at) as last_load_at from ops.run where pipeline = 'replicate' and status = 'ok'
)

select
    last_load.last_load_at,
    last_build.ended_at as last_build_at,
    published.build_id as published_build_id,
    published.data_as_of as published_as_of,
    coalesce(last_build.status = 'failed', false) as is_stale,
    case
        when published.build_id is null then 'Todavía no se ha publicado ningún dato.'
        when last_build.status = 'failed' then format(
            'ATENCIÓN: los datos mostrados son los del %s. La carga del %s no pasó %s prueba(s) de calidad y no se publicó.',
            to_char(published.promoted_at at time zone 'America/Santo_Domingo', 'DD/MM/YYYY HH24:MI'),
            to_char(last_build.ended_at at time zone 'America/Santo_Domingo', 'DD/MM/YYYY HH24:MI'),
            jsonb_array_length(last_build.failed_tests))
        else format(
            'Datos al %s, actualizados el %s.',
            to_char(published.data_as_of, 'DD/MM/YYYY'),
            to_char(published.promoted_at at time zone 'America/Santo_Domingo', 'DD/MM/YYYY HH24:MI'))
    end as message_es
from last_load
left join last_build on true
left join published on true;

grant select, insert, update, delete on all tables in schema ops to caudal_load, caudal_transform;
grant usage on all sequences in schema ops to caudal_load, caudal_transform;
grant select on ops.data_status to caudal_read, caudal_pii;
