-- Who took a list of customers out of the warehouse, which, and whether it named them (Ley 172-13). Written by `caudal reports contacts` alone,
-- before the file is: a row may tell of a file that could not be written, never the other way round.
create table if not exists ops.contact_export (
    export_id bigint generated always as identity primary key,
    exported_at timestamptz not null default now(),
    exported_by text not null,
    segment_code text not null,
    sector_code text,                    -- null: all sectors
    channel_code text,                   -- null: all channels
    with_personal_data boolean not null,
    columns text[] not null,             -- of the mart, as exported
    row_count bigint not null,
    file text not null,                  -- absolute
    sha256 text not null,                -- of the bytes
    build_id bigint                      -- ops.build whose data it shows
);
create index if not exists contact_export_at on ops.contact_export (exported_at desc);
grant select on ops.contact_export to caudal_read;
