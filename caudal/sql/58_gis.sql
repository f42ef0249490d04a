-- What `geo` makes of the cadastre and of the replicated supply points. EPSG:4326, simplified by topology: neighbours share their edges.
create table if not exists raw.gis_municipality (
    municipality_code text primary key, municipality_name text not null, geojson jsonb not null, area_km2 numeric(12, 4) not null,
    _source text not null, _loaded_at timestamptz not null default clock_timestamp(), _run_id bigint not null
);
create table if not exists raw.gis_route (
    route_code text not null, sector_code text not null, geojson jsonb not null, points integer not null,
    _source text not null, _loaded_at timestamptz not null default clock_timestamp(), _run_id bigint not null,
    primary key (route_code, sector_code)
);
create table if not exists raw.gis_supply_point (
    supply_point_id bigint primary key, located_sector_code text, metres_from_sector numeric(10, 1) not null,
    _source text not null, _loaded_at timestamptz not null default clock_timestamp(), _run_id bigint not null
);
create table if not exists raw.gis_street (
    street_id text primary key, street_name text, street_kind text, geojson jsonb not null, source_file text not null,
    _source text not null, _loaded_at timestamptz not null default clock_timestamp(), _run_id bigint not null
);
do $$ begin
    execute (select string_agg(format('alter table raw.%I owner to caudal_load', t), '; ')
             from unnest(array['gis_municipality', 'gis_route', 'gis_supply_point', 'gis_street']) as t);
end $$;
grant select on raw.gis_municipality, raw.gis_route, raw.gis_supply_point, raw.gis_street to caudal_transform;

-- Mixed into the hash of a cédula or RNC, so that the hash of a number cannot be found by trying all numbers. Made once; never leaves the warehouse.
create table if not exists ops.identity_pepper (only_one boolean primary key default true check (only_one), pepper text not null);
insert into ops.identity_pepper (pepper) values (gen_random_uuid()::text || gen_random_uuid()::text) on conflict do nothing;
revoke all on ops.identity_pepper from public;
grant select on ops.identity_pepper to caudal_transform, caudal_pii;
