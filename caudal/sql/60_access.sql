-- Who may see which rows, in Superset and in Power BI alike. Written by `caudal access` as the owner; nobody without a row sees anything.

-- Grain: user × role × territory. Both codes null: all of the utility; municipality only: all its sectors; sector: that sector.
create table if not exists ops.user_access (
    access_id bigint generated always as identity primary key,
    user_name text not null check (user_name = lower(user_name) and user_name ~ '^[a-z0-9][a-z0-9._@:+-]*$'),
    role text not null check (role ~ '^[a-z][a-z0-9_]*$'),
    -- the characters that a rule's SQL may hold as they are
    municipality_code text check (municipality_code ~ '^[[:alnum:] ./_-]+$'),
    sector_code text check (sector_code ~ '^[[:alnum:] ./_-]+$'),
    principal text check (principal = lower(principal)),  -- the user's name in Power BI (its USERPRINCIPALNAME); null: user_name
    valid_from date not null default (now() at time zone 'America/Santo_Domingo')::date,
    valid_until date,                                     -- the last day; null: no end
    note text,
    granted_by text not null,
    granted_at timestamptz not null default now(),
    check (valid_until >= valid_from)
);
create unique index if not exists user_access_once
on ops.user_access (user_name, role, coalesce(municipality_code, ''), coalesce(sector_code, ''));

create table if not exists ops.user_access_event (
    event_id bigint generated always as identity primary key,
    kind text not null check (kind in ('granted', 'changed', 'revoked')),
    user_name text not null,
    role text not null,
    municipality_code text,
    sector_code text,
    happened_at timestamptz not null default now(),
    by_whom text not null,
    before jsonb,
    after jsonb
);
create index if not exists user_access_event_user on ops.user_access_event (user_name, event_id);

-- Whatever changes the table leaves its event, by whatever program: the person's name as `caudal access` gives it, else the database's user.
create or replace function ops.record_user_access() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
declare
    one ops.user_access := case when tg_op = 'DELETE' then old else new end;
begin
    insert into ops.user_access_event (kind, user_name, role, municipality_code, sector_code, by_whom, before, after)
    values (
        case tg_op when 'INSERT' then 'granted' when 'UPDATE' then 'changed' else 'revoked' end,
        one.user_name, one.role, one.municipality_code, one.sector_code,
        coalesce(nullif(current_setting('caudal.by_whom', true), ''), session_user),
        case when tg_op <> 'INSERT' then to_jsonb(old) end,
        case when tg_op <> 'DELETE' then to_jsonb(new) end
    );
    return null;
end $$;
create or replace trigger user_access_audit after insert or update or delete on ops.user_access
for each row execute function ops.record_user_access();

-- The access that counts today.
create or replace view ops.current_access as
select user_name, coalesce(principal, user_name) as principal, role, municipality_code, sector_code, valid_until
from ops.user_access
where (now() at time zone 'America/Santo_Domingo')::date between valid_from and coalesce(valid_until, 'infinity');

grant select on ops.current_access to caudal_read, caudal_pii, caudal_transform;
