"""The first load is the source, row by row; a second run touches nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from demo.odoo import schema
from sources.odoo import mapping
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}
TABLES = {name: model.table for name, model in schema.models().items()}


@pytest.mark.parametrize("name", ENTITIES)
def test_raw_is_the_source(lab, name: str) -> None:
    entity = ENTITIES[name]
    assert assert_same(lab, entity, TABLES[entity.model]) > 0


def test_archived_rows_are_there(lab) -> None:
    archived = lab.source("select count(*) from water_meter where not active")[0][0]
    assert archived > 0
    assert lab.warehouse("select count(*) from raw.odoo_meter where not active")[0][0] == archived


def test_each_run_leaves_its_counts_and_reconciles(lab) -> None:
    runs = dict(lab.warehouse("select entity, rows_inserted from ops.run where pipeline = 'replicate' and status = 'ok'"))
    for name in ENTITIES:
        assert runs[name] == lab.warehouse(f"select count(*) from raw.odoo_{name}")[0][0]
    checks = lab.warehouse("select entity, source_rows, warehouse_rows, source_amount, warehouse_amount, status from ops.reconciliation")
    assert {c[0] for c in checks} == set(ENTITIES)
    assert all(c[1] == c[2] and c[3] == c[4] and c[5] == "ok" for c in checks)
    billed = lab.source("select sum(amount_total) from account_move where company_id = 1")[0][0]
    assert {c[0]: c[3] for c in checks}["account_move"] == billed > Decimal(0)


def test_a_second_run_rewrites_nothing(lab) -> None:
    tables = [e.table for e in ENTITIES.values()]
    before = {table: lab.versions(table) for table in tables}
    results = lab.replicate(clients=3)
    assert all(r.status == "ok" and (r.inserted, r.updated, r.deleted) == (0, 0, 0) for r in results.values()), results
    assert {r.entity for r in results.values() if r.mode != "incremental"} == {e.name for e in ENTITIES.values() if e.change is None}
    assert {table: lab.versions(table) for table in tables} == before


def test_a_full_run_rewrites_nothing_either(lab) -> None:
    before = lab.versions("odoo_account_move")
    result = lab.one("account_move", full=True)
    assert result.mode == "completa" and result.rows_read == len(before) and (result.inserted, result.updated, result.deleted) == (0, 0, 0)
    assert lab.versions("odoo_account_move") == before


def test_pages_read_by_several_clients_give_the_same_table(lab, monkeypatch) -> None:
    from sources.odoo import api

    monkeypatch.setattr(api, "SPLIT_ROWS", 1_000)
    entity = ENTITIES["account_move_line"]
    lab.warehouse("drop table raw.odoo_account_move_line")
    result = lab.one(entity.name, clients=3, page_rows=200)
    assert result.inserted == assert_same(lab, entity, "account_move_line") == result.rows_read
