-- What each column of a raw table is at the source: the mapping of the last run, for those who read the source's own audit trail,
-- which speaks of models and fields. Written by `caudal replicate`.
create table if not exists ops.source_column (
    source text not null,
    entity text not null,
    column_name text not null,
    model text not null,
    field text not null,
    column_type text not null,
    primary key (source, entity, column_name)
);

-- When the key with which a source is read ends (null: it has no end, or the source cannot say). Written by `caudal replicate`, read by the alerts.
create table if not exists ops.source_credential (
    source text primary key,
    expires_on date,
    checked_at timestamptz not null default now()
);
