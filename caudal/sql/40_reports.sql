-- Files handed to people: one row per version of a generated file. A new version appears only when what the file says changed.
create table if not exists ops.report_file (
    report_file_id bigint generated always as identity primary key,
    report text not null,
    period_month date not null,
    file_name text not null,
    format text not null check (format in ('xlsx', 'pdf', 'txt', 'csv')),
    version integer not null check (version > 0),
    path text not null,                  -- below <home>/reports
    sha256 text not null,                -- of the bytes
    fingerprint text not null,           -- of the content without the build's stamp: the same fingerprint makes no new version
    row_count bigint not null,
    totals jsonb not null default '{}',  -- numbers as text, so that no reader turns them into floats
    status text not null default 'ok' check (status in ('ok', 'observado')),
    generated_at timestamptz not null default now(),
    build_id bigint,                     -- ops.build whose data it shows; null when nothing was published by a build
    is_stale boolean not null default false,
    data_status text not null,           -- the message of ops.data_status printed on its face
    verified_at timestamptz not null default now(),
    verified_build_id bigint,            -- last build whose data gave the same content
    unique (report, period_month, file_name, version)
);
create index if not exists report_file_latest on ops.report_file (report, period_month, file_name, version desc);
grant select on ops.report_file to caudal_read;
