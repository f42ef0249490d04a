"""`caudal status`: what it says of a replication that went well, that changed something, that failed, and that nobody ran for too long."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from caudal import warehouse
from sources.contract import MappingError
from sources.status import largest_first, status
from sources.status_cli import app

KEYS = {
    "entity", "model", "table", "state", "run_id", "mode", "started_at", "ended_at", "rows_read", "rows_inserted", "rows_updated", "rows_deleted",
    "rows_quarantined", "last_ok_at", "seconds_since_ok", "watermark", "watermark_lag_seconds", "rows_live", "rows_tombstoned", "quarantine_open",
    "reconciliation", "drift", "error", "error_at",
}


@pytest.fixture
def one(lab, monkeypatch):
    """Status of one entity, asked without a source; what a test does to `ops` is undone."""
    from caudal.settings import settings

    saved = {t: lab.warehouse(f"select to_jsonb(x) from ops.{t} as x") for t in ("run", "schema_drift", "quarantine")}

    def ask(entity: str):
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("ODOO_URL")
            settings.cache_clear()
            (found,) = status([entity])
        settings.cache_clear()
        return found

    yield ask
    with warehouse.connect() as conn:
        for table, rows in saved.items():
            conn.execute(f"delete from ops.{table}")
            for (row,) in rows:
                conn.execute(f"insert into ops.{table} overriding system value select * from jsonb_populate_record(null::ops.{table}, %s)", [json.dumps(row)])


def call(*arguments: str):
    return CliRunner().invoke(app, arguments)


def age(lab, entity: str, hours: int) -> None:
    """Make every run of an entity look older."""
    lab.warehouse("update ops.run set started_at = started_at - %s * interval '1 hour', ended_at = ended_at - %s * interval '1 hour' "
                  "where entity = %s", [hours, hours, entity])


def test_after_a_good_run_everything_is_told_and_well(lab, one):
    found = status()
    assert {s.state for s in found} <= {"ok", "absent"}
    rows = dict(lab.warehouse("select entity, warehouse_rows from ops.reconciliation"))
    assert {s.entity: s.rows_live for s in found if s.state == "ok"} == rows
    move = one("account_move")
    assert (move.model, move.table, move.mode, move.reconciliation) == ("account.move", "odoo_account_move", "completa", "ok")
    assert move.rows_read == move.rows_inserted == move.rows_live > 1000
    assert (move.rows_tombstoned, move.quarantine_open, move.drift, move.error) == (0, 0, [], None)
    assert move.last_ok_at == move.ended_at and 0 <= move.seconds_since_ok < 26 * 3600
    assert [(move.watermark,)] == lab.warehouse("select watermark from ops.watermark where entity = 'account_move'")
    assert call().exit_code == 0


def test_the_last_run_is_the_one_that_is_told(lab, one):
    ids = [row[0] for row in lab.source("select id from water_claim order by id limit 3")]
    before = one("claim")
    lab.touch("water_claim", ids[:2], "x_resolution = 'x'")
    lab.source("delete from water_claim where id = %s", [ids[2]])
    lab.one("claim")
    now = one("claim")
    assert (now.mode, now.rows_updated, now.rows_deleted, now.rows_changed) == ("incremental", 2, 1, 3)
    assert (now.rows_live, now.rows_tombstoned) == (before.rows_live - 1, 1)
    assert now.run_id > before.run_id and now.watermark > before.watermark


def test_a_failure_is_told_until_it_is_mended_and_remembered_afterwards(lab, one, monkeypatch):
    from caudal.settings import settings

    good = one("collector")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ODOO_PASSWORD", "otra")
        settings.cache_clear()
        assert lab.replicate("collector")["collector"].status == "failed"
    settings.cache_clear()
    failed = one("collector")
    assert (failed.state, failed.is_fine, failed.last_ok_at, failed.rows_live) == ("failed", False, good.last_ok_at, good.rows_live)
    told = call("--entity", "collector")
    assert told.exit_code == 1
    assert failed.error in told.output and "FALLÓ collector" in told.output and "Requieren atención 1 de 1: collector." in told.output
    lab.one("collector")
    mended = one("collector")
    assert (mended.state, mended.error, mended.error_at) == ("ok", failed.error, failed.error_at)
    assert "FALLÓ" not in call("--entity", "collector").output


@pytest.mark.parametrize(("hours", "state", "code"), [(25, "ok", 0), (27, "late", 1)])
def test_an_entity_that_nobody_replicated_for_26_hours_is_late(lab, one, hours, state, code):
    age(lab, "sector", hours)
    assert one("sector").state == state
    assert call("--entity", "sector").exit_code == code
    assert call("--entity", "route").exit_code == 0


def test_an_entity_without_a_run_and_one_that_runs(lab, one):
    lab.warehouse("insert into ops.run (pipeline, entity) values ('replicate', 'route')")
    assert one("route").state == "running"
    assert call("--entity", "route").exit_code == 0
    age(lab, "route", 27)  # it still runs, and that is too long
    assert one("route").state == "late"
    lab.warehouse("delete from ops.run where entity = 'meter'")
    meter = one("meter")
    assert (meter.state, meter.mode, meter.last_ok_at, meter.seconds_since_ok) == ("never", None, None, None)
    assert call("--entity", "meter").exit_code == 1


def test_the_table_fits_100_columns_and_says_what_needs_attention(lab, one):
    lab.warehouse("""insert into ops.schema_drift (source, entity, field, change, old_type, new_type, action)
                     values ((select min(_source) from raw.odoo_sector), 'sector', 'x_zona', 'retyped', 'char', 'many2one', 'refused')""")
    lab.warehouse("""insert into ops.quarantine (source, entity, record_id, reason)
                     select min(_source), 'sector', '7', 'monto ilegible' from raw.odoo_sector""")
    found = one("sector")
    assert (found.quarantine_open, [(d["field"], d["change"]) for d in found.drift]) == (1, [("x_zona", "retyped")])
    told = call()
    lines = told.output.splitlines()
    assert all(len(line) <= 100 for line in lines if not line.startswith(("CAMPOS", "CUARENTENA", "FALLÓ")))
    assert not any("…" in line for line in lines)
    assert sum(line.startswith("account_partial_reconcile") for line in lines) == 1
    assert "CAMPOS sector: x_zona era char y ahora es many2one; la entidad no se lee hasta corregir el mapeo" in lines
    assert "CUARENTENA sector: 1 filas; vea ops.quarantine" in lines


def test_json_has_keys_that_do_not_change(lab, one):
    told = json.loads(call("--format", "json").stdout)
    assert set(told) == {"checked_at", "ok", "late_after_seconds", "entities"}
    assert (told["ok"], told["late_after_seconds"]) == (True, 26 * 3600)
    assert {frozenset(e) for e in told["entities"]} == {frozenset(KEYS)}


def test_who_asks_for_what_is_not_there_is_told(lab, monkeypatch):
    with pytest.raises(MappingError, match="No hay ninguna entidad 'clientes'"):
        status(["clientes"])
    told = call("--entity", "clientes")
    assert told.exit_code == 1 and told.stdout == ""


def test_the_largest_come_first_and_before_them_those_never_loaded(lab):
    order = largest_first()
    assert sorted(order) == sorted(s.entity for s in status())
    assert order.index("account_move_line") < order.index("account_move") < order.index("sector")
    lab.warehouse("alter table raw.odoo_sector rename to hidden")
    try:
        assert largest_first()[0] == "sector"
        assert status(["sector"])[0].rows_live is None
    finally:
        lab.warehouse("alter table raw.hidden rename to odoo_sector")
