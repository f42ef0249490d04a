-- What an incremental build must know: two sides of the marts, up to where each model of each side was brought, and which rows changed on the way.

-- A side is a schema of marts with its own copy of the facts: one is published, the other is brought up to date and takes its place. Written by the swap.
create table if not exists ops.side (
    side text primary key check (side in ('a', 'b')),
    schema_name text not null,
    tested_build_id bigint,              -- every test passed on this side in that build; what changed since has not been tested yet
    tested_run_id bigint,                -- and that build read of raw all that runs before this one had written
    fully_tested_at timestamptz          -- when the tests last read the whole history of this side
);
insert into ops.side (side, schema_name) values ('a', 'marts'), ('b', 'marts_next') on conflict (side) do nothing;

-- The state of each incremental model, written in the transaction that changes it. `side`: a, b, or shared (schema intermediate).
create table if not exists ops.model_state (
    side text not null,
    model text not null,
    build_id bigint not null,            -- the last build that brought it up to date: changes of later builds are still to come
    run_id bigint not null,              -- rows of raw written by this run or a later one are still to come
    refreshed_build_id bigint not null,  -- the build that made it whole: what hangs from it and is older must be made whole too
    relation oid not null,               -- the table that this is said of: another one in its place (a restore, an older program) is not up to date
    fingerprint text,                    -- of its SQL and of all it depends on
    closed_month date not null,          -- the last closed month it knows
    kept_from date,                      -- months before this one were archived and are frozen (caudal retention)
    built_at timestamptz not null default clock_timestamp(),
    primary key (side, model)
);

-- Rows that an incremental model deleted or inserted: what tells the models after it, and its tests, what to look at. Pruned when both sides have read it.
create table if not exists ops.model_change (
    build_id bigint not null,
    side text not null,
    model text not null,
    row_key bigint,
    contract_key bigint,
    period_month date
);
create index if not exists model_change_reader on ops.model_change (model, side, build_id);

-- Staging views and seeds: made from what (dbt's files, the time zone) and which relation, so that a build from the same makes them no more.
create table if not exists ops.standing (name text primary key, relation oid not null, made_from text not null);
drop table if exists ops.view_state;  -- until 2026-12, of the views alone

alter table ops.build add column if not exists mode text check (mode in ('full', 'incremental'));
alter table ops.build add column if not exists horizon_run_id bigint;  -- raw rows of this run or later may still have been uncommitted when the build began
alter table ops.build add column if not exists reads_all_tests boolean not null default true;
alter table ops.build add column if not exists fingerprints jsonb not null default '{}';
alter table ops.build add column if not exists details jsonb not null default '{}';

create or replace function ops.side_of(schema_name text) returns text stable language sql
as $$ select coalesce((select s.side from ops.side as s where s.schema_name = side_of.schema_name), 'shared') $$;

-- Where the partitions of a model's table live: apart, so that whoever lists the marts sees tables and not their parts.
create or replace function ops.parts_schema(schema_name text) returns text stable language sql
as $$ select case ops.side_of(schema_name) when 'shared' then schema_name || '_parts' else 'marts_parts_' || ops.side_of(schema_name) end $$;

-- Months (first days) that a partitioned table lacks are added to it. There is no default partition: a row without a place fails the build.
create or replace function ops.add_month_partitions(parent regclass, months date []) returns integer language plpgsql
as $$
declare
    this record;
    wanted date;
    added integer := 0;
begin
    select n.nspname, c.relname into this from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.oid = parent;
    for wanted in
        select distinct m from unnest(months) as m where m is not null
            and to_regclass(format('%I.%I', ops.parts_schema(this.nspname), this.relname || to_char(m, '_YYYY_MM'))) is null order by m
    loop
        execute format('create table %I.%I partition of %s for values from (%L) to (%L)',
            ops.parts_schema(this.nspname), this.relname || to_char(wanted, '_YYYY_MM'), parent, wanted, (wanted + interval '1 month')::date);
        added := added + 1;
    end loop;
    return added;
end $$;

-- The partitions of a table with their months. By the end of their names: null, and no error, for whatever else the planner looks at first.
create or replace function ops.month_partitions(parent regclass) returns table (part text, period_month date) stable language sql
as $$
    select format('%I.%I', n.nspname, c.relname), to_date(substring(c.relname from '\d{4}_\d{2}$'), 'YYYY_MM')
    from pg_inherits as i join pg_class as c on c.oid = i.inhrelid join pg_namespace as n on n.oid = c.relnamespace
    where i.inhparent = parent
$$;

-- Statistics of the changes, once a model has logged many in the build that runs: of one that the last statistics had not seen yet the planner expects
-- one row, and loops over some ten thousand. The owner's, since only an owner may take them.
create or replace function ops.sample_changes(of_side text, models text []) returns void language plpgsql security definer set search_path = pg_catalog
as $$
begin
    if (select count(*) from ops.model_change as c join ops.build as b on b.build_id = c.build_id and b.status = 'running'
        where c.side = of_side and c.model = any(models)) >= 1000 then
        analyze ops.model_change;
    end if;
end $$;
revoke execute on function ops.sample_changes(text, text []) from public;

create schema if not exists marts_parts_a;
create schema if not exists marts_parts_b;
create schema if not exists intermediate_parts;
grant usage, create on schema marts_parts_a, marts_parts_b, intermediate_parts to caudal_transform;
grant select, insert, update, delete on ops.side, ops.model_state, ops.model_change, ops.standing to caudal_load, caudal_transform;
grant execute on function ops.sample_changes(text, text []) to caudal_transform;
-- until sides there was a third copy, of the last publication
drop schema if exists marts_prev cascade;
