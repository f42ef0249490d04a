-- The monthly close: which months were handed to the accounting program, with which lines, and who did what. Written by reports/journal_entry.

-- One row for each month that was closed. `closed`: its lines are fixed and its file is about to be written; `exported`: the file was
-- handed over; `open`: it was opened again. A month without a row was never closed.
create table if not exists ops.accounting_period (
    period_month date primary key check (period_month = date_trunc('month', period_month)::date),
    status text not null check (status in ('open', 'closed', 'exported')),
    entry_number text,
    export integer not null default 0,     -- how many times it was exported: more than once only after it was opened again
    file text,                             -- below <home>/reports
    sha256 text,                           -- of the bytes
    content bytea,                         -- the bytes themselves, so that the same file can always be given again
    lines jsonb,                           -- the month's own lines as exported: what later data are compared with
    adjustments jsonb not null default '[]',  -- lines of this export that adjust earlier months, each with its month
    total_debit numeric(18, 2),
    total_credit numeric(18, 2),
    build_id bigint,                       -- ops.build whose data it shows
    closed_at timestamptz,
    exported_at timestamptz,
    exported_by text
);

create table if not exists ops.accounting_period_event (
    event_id bigint generated always as identity primary key,
    period_month date not null,
    kind text not null check (kind in ('exported', 'refused', 'reopened')),
    happened_at timestamptz not null default now(),
    by_whom text not null,
    reason text,
    entry_number text,
    sha256 text,
    details jsonb not null default '{}'
);
create index if not exists accounting_period_event_month on ops.accounting_period_event (period_month, event_id);

grant select on ops.accounting_period, ops.accounting_period_event to caudal_read;
