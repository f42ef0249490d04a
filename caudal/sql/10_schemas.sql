-- Schemas and what each role may do in them. Idempotent: run at every bootstrap.
create schema if not exists raw;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists marts_next;
create schema if not exists marts;
create schema if not exists ops;
create schema if not exists history; -- dbt's snapshots: cannot be built again from raw; back it up

do $$
begin
    execute format('grant connect, temporary on database %I to caudal_load, caudal_transform, caudal_pii', current_database());
    execute format('grant connect on database %I to caudal_read', current_database());
    execute format('grant create on database %I to caudal_transform', current_database());
end $$;
revoke create on schema public from public;

grant usage, create on schema raw to caudal_load;
grant usage on schema ops to caudal_load, caudal_transform, caudal_read, caudal_pii;
grant usage on schema raw to caudal_transform;
grant usage, create on schema staging, intermediate, marts_next, marts, history to caudal_transform;
grant usage on schema marts to caudal_read, caudal_pii, caudal_load;
alter default privileges in schema raw grant select on tables to caudal_transform;
alter default privileges for role caudal_load in schema raw grant select on tables to caudal_transform;
grant select on all tables in schema raw to caudal_transform;

alter role caudal_read set default_transaction_read_only = on;
alter role caudal_read set statement_timeout = '60s';
alter role caudal_pii set default_transaction_read_only = on;
alter role caudal_pii set statement_timeout = '60s';
