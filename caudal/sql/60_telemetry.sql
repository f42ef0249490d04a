-- Telemetry: which files were loaded, and with which content, so that a file is read again only when it changed. Written by sources/telemetry.
create table if not exists ops.telemetry_file (
    file_name text primary key,            -- below the folder of the telemetry
    sha256 text not null,                  -- of the bytes as they were loaded last
    size_bytes bigint not null,
    rows_read bigint not null,
    rows_changed bigint not null,          -- hours that were new or different
    rows_quarantined bigint not null,
    first_hour_at timestamptz,
    last_hour_at timestamptz,
    deliveries integer not null default 1, -- how many different contents came under this name
    delivered_at timestamptz not null,     -- the file's own time, as its system wrote it
    loaded_at timestamptz not null default now(),
    run_id bigint
);
