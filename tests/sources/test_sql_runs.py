"""Runs by the transport sql over a warehouse that RPC loaded: state carries over, and what RPC could not tell is brought."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sources.by_sql import by_sql

TABLES = {"account_move": "account_move", "reading": "water_reading", "customer": "res_partner", "bank_remittance": "water_bank_remittance"}


@pytest.fixture
def sql_lab(lab) -> Iterator[object]:
    with by_sql(lab.source_dsn):
        yield lab


def test_a_full_run_brings_null_numbers_and_microseconds_and_then_nothing_changes(sql_lab) -> None:
    unread = sql_lab.source("select count(*) from water_reading where value is null")[0][0]
    assert unread > 0 == sql_lab.warehouse("select count(*) from raw.odoo_reading where value is null")[0][0]
    results = sql_lab.replicate("account_move", "reading", full=True, clients=2)
    assert {(r.status, r.reconciliation, r.inserted, r.deleted) for r in results.values()} == {("ok", "ok", 0, 0)}
    assert sql_lab.warehouse("select count(*) from raw.odoo_reading where value is null")[0][0] == unread
    assert sql_lab.warehouse("select max(write_date) from raw.odoo_account_move") == sql_lab.source("select max(write_date)::timestamptz from account_move")
    assert sql_lab.warehouse("select distinct source from ops.watermark") == [(f"odoo:{sql_lab.server.db}",)]
    before = sql_lab.versions("odoo_account_move"), sql_lab.versions("odoo_reading")
    for options in ({}, {"full": True}):
        results = sql_lab.replicate("account_move", "reading", **options)
        assert {(r.status, r.inserted, r.updated, r.deleted) for r in results.values()} == {("ok", 0, 0, 0)}
    assert (sql_lab.versions("odoo_account_move"), sql_lab.versions("odoo_reading")) == before


def test_inserted_changed_and_deleted_rows_come_and_go(sql_lab) -> None:
    sql_lab.one("cut_order")
    sql_lab.touch("water_cut_order", [1, 2], "state = 'cancelled'")
    sql_lab.source("""insert into water_cut_order (contract_id, kind, state, ordered_on, create_date, write_date)
                      select contract_id, kind, state, ordered_on, now() at time zone 'UTC', now() at time zone 'UTC' from water_cut_order where id = 3;
                      delete from water_cut_order where id in (4, 5)""")
    result = sql_lab.one("cut_order")
    assert (result.inserted, result.updated, result.deleted, result.reconciliation, result.mode) == (1, 2, 2, "ok", "incremental")


def test_verification_by_checksum_finds_a_change_that_left_the_change_moment_alone(sql_lab) -> None:
    assert sql_lab.one("account_move", verify=True).verified.ranges > 0
    sql_lab.source("update account_move set ref = 'a mano' where id = (select min(id) from account_move where company_id = 1)")
    result = sql_lab.one("account_move", verify=True)
    assert (result.updated, result.verified.differing, result.verified.silent) == (1, 1, 1)


def test_one_value_too_large_costs_its_row_and_no_other_in_a_first_load_and_later(sql_lab) -> None:
    raw = "raw.odoo_reading"
    sql_lab.source("alter table water_reading alter previous_value type numeric")
    (bad, rows), = sql_lab.source("select min(id) + 700, count(*) from water_reading")
    sql_lab.source("update water_reading set previous_value = 1e18 where id = %s", [bad])
    sql_lab.warehouse(f"drop table {raw} cascade")
    result = sql_lab.one("reading")
    assert (result.mode, result.inserted, result.quarantined, result.reconciliation) == ("completa", rows - 1, 1, "quarantined")
    waiting = "select record_id, reason ~ 'overflow', payload ->> 'previous_value' from ops.quarantine where entity = 'reading' and resolved_at is null"
    assert sql_lab.warehouse(waiting) == [(str(bad), True, "1000000000000000000")]
    assert sql_lab.warehouse(f"select count(*), count(distinct id) from {raw}") == [(rows - 1, rows - 1)]
    assert sql_lab.warehouse(f"select count(*) from pg_constraint where conrelid = '{raw}'::regclass and contype = 'p'") == [(1,)]
    sql_lab.touch("water_reading", [bad, bad + 1], "incident = 'dog'")
    assert (result := sql_lab.one("reading")).updated == result.quarantined == 1
    sql_lab.touch("water_reading", [bad], "previous_value = 10", minutes=6)
    assert sql_lab.one("reading").inserted == 1
    assert sql_lab.warehouse(waiting) == []


def test_a_run_reads_one_moment_of_the_source(sql_lab) -> None:
    from sources import transports
    from sources.odoo import mapping

    entity = mapping.select(mapping.load(mapping.path_of("demo")), ["claim"])[0]
    transport = transports.connect(transports.Options(1, 100))
    try:
        transport.resume_from(entity)
        before = transport.count(entity)
        sql_lab.source("delete from water_claim where id = (select max(id) from water_claim)")
        seen = sum(batch.count for stream in transport.changes(entity, None) for batch in stream)
        assert seen == before == transport.count(entity) == transport.census(entity).rows == sum(len(chunk) for chunk in transport.ids(entity))
        transport.release(entity)
        assert transport.count(entity) == before - 1
        assert sql_lab.source("select count(*) from pg_stat_activity where application_name = 'caudal' and backend_xmin is not null") == [(0,)]
    finally:
        transport.close()
