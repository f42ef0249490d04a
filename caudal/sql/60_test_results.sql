-- How each dbt test of each build went. Written by `caudal.test_results.record`; dbt's own file knows only the last run.
create table if not exists ops.test_result (
    build_id bigint not null references ops.build (build_id) on delete cascade,
    unique_id text not null,               -- dbt's
    test_name text not null,
    model_name text not null,              -- what it tests; of several models, the first that it names
    test_kind text not null check (test_kind in ('data_test', 'unit_test')),
    status text not null check (status in ('pass', 'warn', 'fail', 'error', 'skipped')),
    failures bigint,                       -- rows that break the rule; null when the test could not be run
    seconds numeric(12, 3) not null,
    message text,
    primary key (build_id, unique_id)
);
create index if not exists test_result_of_a_test on ops.test_result (test_name, build_id);
