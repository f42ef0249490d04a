-- Alerts: what is wrong now, what happened to it, and what was said about it to whom. Written by alerts/ as caudal_load.

-- One row for each time a rule was broken by a slice (total, a sector, …): open until closed_at. Grain: rule × slice × episode.
create table if not exists ops.incident (
    incident_id bigint generated always as identity primary key,
    rule text not null,
    slice jsonb not null,
    slice_key text not null,
    slice_label text not null,
    title text not null,
    metric text,
    level text not null check (level in ('warn', 'critical')),
    severity text not null check (severity in ('baja', 'media', 'alta', 'critica')),
    value numeric,
    threshold numeric,
    direction text check (direction in ('up', 'down')),
    period_month date,
    figures jsonb not null default '{}',
    detail text,
    owner text not null,
    opened_on date not null,
    opened_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    closed_on date,
    closed_at timestamptz,
    closed_reason text check (closed_reason in ('recovered', 'not_evaluable', 'rule_removed')),
    acknowledged_by text,
    acknowledged_at timestamptz,
    acknowledged_note text,
    status text generated always as (case when closed_at is null then 'open' else 'closed' end) stored
);
-- the dedupe key: the same trouble is one incident, however often it is evaluated
create unique index if not exists incident_open on ops.incident (rule, slice_key) where closed_at is null;

create table if not exists ops.incident_event (
    event_id bigint generated always as identity primary key,
    incident_id bigint not null references ops.incident (incident_id),
    kind text not null check (kind in ('opened', 'updated', 'closed', 'acknowledged')),
    happened_at timestamptz not null default now(),
    severity_before text,
    severity_after text,
    value_before numeric,
    value_after numeric,
    period_month date,
    build_id bigint,
    note text
);
create index if not exists incident_event_incident on ops.incident_event (incident_id, event_id);

-- The outbox: written in the transaction of the events it tells of, delivered afterwards, retried while pending.
create table if not exists ops.alert_message (
    message_id bigint generated always as identity primary key,
    recipient text not null,
    subject text not null,
    body_text text not null,
    body_html text not null,
    event_ids bigint [] not null,
    created_at timestamptz not null default now(),
    status text not null default 'pending' check (status in ('pending', 'sent', 'failed')),
    channel text,
    attempts integer not null default 0,
    last_attempt_at timestamptz,
    last_error text,
    sent_at timestamptz
);
create index if not exists alert_message_pending on ops.alert_message (message_id) where status = 'pending';

grant select on ops.incident, ops.incident_event to caudal_read, caudal_pii;
