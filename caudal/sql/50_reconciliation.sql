-- What `caudal reconcile` found: source against warehouse by entity, day and state. Written by sources/reconciliation as caudal_load.

-- ops.reconciliation has a row for each check of an entity: at the end of a replication, or by `caudal reconcile`, which has a detail below.
alter table ops.reconciliation add column if not exists kind text not null default 'replicate' check (kind in ('replicate', 'reconcile'));
alter table ops.reconciliation add column if not exists since date;            -- only days from this one on were compared; null: all
alter table ops.reconciliation add column if not exists different_groups bigint;  -- days and states beyond tolerance
alter table ops.reconciliation add column if not exists pending_rows bigint;   -- rows that differ and are newer than the last replication
create index if not exists reconciliation_entity on ops.reconciliation (entity, id desc);

-- One row for each entity, day and state that either side had. Those that agree are kept of the last check only; differences are history.
create table if not exists ops.reconciliation_detail (
    reconciliation_id bigint not null references ops.reconciliation (id) on delete cascade,
    run_id bigint,
    entity text not null,
    day date,                              -- null: rows without a day, or an entity that has none
    state text,
    source_rows bigint not null,
    warehouse_rows bigint not null,
    source_amount numeric(18, 2),          -- null: the entity has no amount, or the source cannot add it up
    warehouse_amount numeric(18, 2),
    source_max_id bigint,
    warehouse_max_id bigint,
    rows_difference bigint not null generated always as (source_rows - warehouse_rows) stored,
    amount_difference numeric(18, 2) generated always as (source_amount - warehouse_amount) stored,
    pending_rows bigint not null default 0,      -- how many of its rows differ and are newer than the last replication
    quarantined_rows bigint not null default 0,  -- how many are in quarantine
    status text not null check (status in ('ok', 'pending', 'difference')),
    explanation text,                      -- in Spanish, for a person; null when both sides agree
    records jsonb not null default '[]'    -- the ids that explain it: [{id, reason, ...}], as far as they were listed
);
create index if not exists reconciliation_detail_check on ops.reconciliation_detail (reconciliation_id);
create index if not exists reconciliation_detail_entity on ops.reconciliation_detail (entity, status, day);
