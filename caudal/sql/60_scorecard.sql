-- The scorecard: every public metric, and its value by closed month, of the whole utility and of each sector. Written by `caudal build` in the
-- transaction that publishes the marts, so that a scorecard and its dashboards never show two builds. Read through marts.mart_kpi__month.
create table if not exists ops.metric (
    metric_name text primary key,
    label_es text not null,
    unit text not null,
    format text not null,
    direction text not null check (direction in ('up', 'down', 'none')),
    warn numeric,
    critical numeric,
    folder text not null,
    owner text not null
);
-- Whether it is only for who sees all of the utility: so is the mart behind it, by its own word (`meta: {whole_utility: true}` in dbt).
alter table ops.metric add column if not exists is_reserved boolean not null default true;

create table if not exists ops.metric_value (
    metric_name text not null references ops.metric on delete cascade,
    period_month date not null,
    sector_code text, -- null: the whole utility
    value numeric not null,
    unique nulls not distinct (metric_name, period_month, sector_code)
);
