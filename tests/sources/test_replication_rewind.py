"""The source's past and its clock: a database restored from a backup, clocks that are wrong, reading again from a date, looking without touching.

Each test leaves its entity the same on both sides. Those that restore the source come first: a restoration undoes what others did to it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from caudal import warehouse
from sources.odoo import mapping
from sources.odoo.rpc import OdooRpc
from tests.sources.compare import assert_same
from tests.sources.conftest import SOURCE, SOURCE_TEMPLATE, _copy_database

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}


def restore(lab: Any) -> None:
    """The source from its backup: Odoo stopped, the database replaced, Odoo started."""
    lab.server.stop()
    with warehouse.connect(dbname="postgres", autocommit=True) as admin:
        _copy_database(admin, SOURCE, SOURCE_TEMPLATE)
    lab.server.start()


def born(lab: Any, table: str, rows: int, minutes: float = 60) -> None:
    """New rows like the last one, made some minutes after the latest change."""
    lab.source(f"""insert into {table} select (jsonb_populate_record(t, jsonb_build_object('id', last.id + n, 'company_id', 1,
                       'create_date', last.at + %s * interval '1 minute', 'write_date', last.at + %s * interval '1 minute'))).*
                   from generate_series(1, %s) as n, (select max(id) as id, max(write_date) as at from {table}) as last, {table} as t
                   where t.id = last.id""", [minutes, minutes, rows])


def test_a_restored_source_is_refused_until_accepted(lab: Any) -> None:
    lab.touch("account_payment", [5, 6, 7], "memo = 'después del respaldo'", minutes=600)
    born(lab, "account_payment", 3, minutes=5)
    assert (lab.one("account_payment").updated, lab.one("sector").status) == (3, "ok")
    restore(lab)
    before, marks = lab.versions("odoo_account_payment"), lab.warehouse("select * from ops.watermark order by 1, 2")

    for options in ({}, {"full": True, "accept_deletions": True}):
        result = lab.replicate("account_payment", "sector", **options)
        assert result["account_payment"].status == "failed" and result["sector"].status == "ok"
        assert "parece restaurada de un respaldo" in result["account_payment"].error and "--accept-rewind" in result["account_payment"].error
    assert lab.versions("odoo_account_payment") == before
    assert [m for m in lab.warehouse("select * from ops.watermark order by 1, 2") if m[1] == "account_payment"] == \
        [m for m in marks if m[1] == "account_payment"]

    result = lab.one("account_payment", accept_rewind=True)
    assert (result.mode, result.updated, result.deleted, result.reconciliation) == ("completa", 3, 3, "ok")
    assert_same(lab, ENTITIES["account_payment"], "account_payment")
    assert lab.one("account_payment").mode == "incremental"


def test_a_restoration_is_seen_after_people_have_worked_on(lab: Any) -> None:
    """The highest id and the latest change are then above what we saw: only the rows themselves tell."""
    lab.touch("account_move", [70], "ref = 'perdido'", minutes=60)
    born(lab, "account_move", 2)
    assert lab.one("account_move").inserted == 2
    restore(lab)
    born(lab, "account_move", 5, minutes=600)  # with the ids of the lost ones, and beyond
    result = lab.replicate("account_move")["account_move"]
    assert result.status == "failed" and "restaurada" in result.error
    assert lab.one("account_move", accept_rewind=True).reconciliation == "ok"
    assert_same(lab, ENTITIES["account_move"], "account_move")


def test_new_rows_lost_with_a_backup_are_refused_when_many(lab: Any) -> None:
    """Nothing went back in time, all that was newest is gone: a backup, or a deletion that someone should confirm."""
    born(lab, "water_claim", 40)
    assert lab.one("claim").inserted == 40
    restore(lab)
    error = lab.replicate("claim")["claim"].error
    assert "restaurada" in error and "--accept-rewind" in error
    assert lab.one("claim", accept_rewind=True).deleted == 40
    assert_same(lab, ENTITIES["claim"], "water_claim")


def test_the_last_rows_may_be_deleted(lab: Any) -> None:
    """The highest id and the latest change both go down, and that is nothing to stop for."""
    born(lab, "water_claim", 3)
    assert lab.one("claim").status == "ok"
    lab.source("delete from water_claim where id > (select max(id) - 3 from water_claim)")
    assert lab.one("claim").deleted == 3
    assert_same(lab, ENTITIES["claim"], "water_claim")


@pytest.mark.parametrize("hours", [9, -9])
def test_a_source_clock_that_is_wrong_by_hours_does_no_harm(lab: Any, hours: int) -> None:
    """All moments come from that one clock, whatever the warehouse's says."""
    now = datetime.now(UTC) + timedelta(hours=hours)
    lab.server.knobs.clock_offset_s = hours * 3600 + 60
    lab.source("update water_contract set write_date = write_date - (select max(write_date) from water_contract) + %s", [now.replace(tzinfo=None)])
    lab.one("contract", accept_rewind=True)
    for step in range(1, 4):
        now += timedelta(seconds=20)
        lab.source("update water_contract set is_cuttable = not is_cuttable, write_date = %s where id = %s", [now.replace(tzinfo=None), step])
        result = lab.one("contract")
        assert (result.mode, result.updated, result.verified) == ("incremental", 1, None)
    assert_same(lab, ENTITIES["contract"], "water_contract")


def test_a_source_clock_that_jumped_back_is_told_and_nothing_is_lost(lab: Any) -> None:
    """Texts too, which Odoo cannot add up. A row written again with the right clock is no sign of a backup."""
    now = datetime.now(UTC)
    fast = now + timedelta(hours=6)
    lab.server.knobs.clock_offset_s = 6 * 3600 + 60
    write = "update account_payment set memo = %s, write_date = %s where id = any(%s)"
    lab.source(write, ["con el reloj adelantado", fast.replace(tzinfo=None), [11, 12, 13]])
    assert lab.one("account_payment").updated == 3

    lab.server.knobs.clock_offset_s = 0
    lab.source(write, ["reloj corregido", now.replace(tzinfo=None), [12, 200, 1300]])
    result = lab.one("account_payment")
    assert result.updated == 3 and any("el reloj de Odoo dice" in w for w in result.warnings)
    assert_same(lab, ENTITIES["account_payment"], "account_payment")

    lab.source(write, ["sigue", now.replace(tzinfo=None), [14]])
    result = lab.one("account_payment")
    assert (result.updated, result.verified, result.warnings) == (1, None, [])


def test_new_rows_dated_before_the_last_run_have_the_entity_compared(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the source does not say what time it is."""
    monkeypatch.setattr(OdooRpc, "clock", lambda self: None)
    born(lab, "water_reading", 1, minutes=-300)
    lab.touch("water_reading", [17], "incident = 'con el reloj atrasado'", minutes=-290)
    result = lab.one("reading")
    assert (result.inserted, result.updated) == (1, 1)
    assert any("anterior a lo ya leído" in w for w in result.warnings)
    assert_same(lab, ENTITIES["reading"], "water_reading")


def test_since_reads_again_from_that_day(lab: Any) -> None:
    """A business day begins at 04:00 UTC."""
    lab.source("update water_agreement set state = 'tocado', write_date = '2026-08-20 04:00:00' where id = 2")
    lab.source("update water_agreement set state = 'tocado', write_date = '2026-08-20 03:59:59' where id = 3")
    lab.touch("water_agreement", [4], "state = state", minutes=900)
    assert lab.one("agreement").updated == 1
    assert lab.one("agreement", since=date(2026, 8, 20)).updated == 1
    assert lab.warehouse("select id from raw.odoo_agreement where state = 'tocado'") == [(2,)]
    mark = lab.warehouse("select watermark from ops.watermark where entity = 'agreement'")
    assert lab.one("agreement", since=date(2030, 1, 1)).status == "ok"  # later than the last run: nothing is skipped
    assert lab.warehouse("select watermark from ops.watermark where entity = 'agreement'") == mark


def everything(lab: Any) -> dict[str, list[tuple]]:
    tables = lab.warehouse("""select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('raw', 'ops')""")
    return {name: lab.warehouse(f"select xmin::text, ctid::text from {name} order by 2") for (name,) in tables}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(lab: Any) -> None:
    from sources.plan import plan
    from sources.replicate import Request

    at_rest = plan(["contract"])[0].rows
    lab.touch("water_contract", [21, 22], "active = false", minutes=90)
    born(lab, "water_contract", 1, minutes=-900)
    lab.source("delete from water_contract where id in (5, 6, 7)")
    lab.warehouse("drop table raw.odoo_route")
    before = everything(lab)
    with lab.server.knobs.set(added_fields={"water.contract": {"x_zone": "char"}}, removed_fields={"water.claim": ["kind"]}):
        plans = {p.entity: p for p in plan(["contract", "route", "claim"])}
        command = lab.command("--dry-run", "--entity", "contract", "--entity", "claim")
        output = command.communicate(timeout=60)[0]
    contract = plans["contract"]
    assert contract.error is None
    assert (contract.mode, contract.rows, contract.lacking, contract.gone) == ("incremental", at_rest + 2, 1, 3)
    assert any("x_zone" in note for note in contract.notes)
    assert (plans["route"].mode, plans["route"].reason, plans["route"].lacking) == ("completa", "primera carga", plans["route"].rows)
    assert "claim.kind" in plans["claim"].error
    assert command.returncode == 1 and "contract" in output and "FALLARÍA" in output and "x_zone" in output
    assert plan(["sector"], Request(full=True))[0].reason == "pedida con --full"
    assert everything(lab) == before


def test_without_waiting_a_second_run_leaves_at_once(lab: Any) -> None:
    runs = lab.warehouse("select count(*) from ops.run")
    with psycopg.connect(lab.warehouse_dsn, autocommit=True) as other, warehouse.advisory_lock(other, "replicate sector"):
        results = lab.replicate("sector", wait=False)
        command = lab.command("--no-wait", "--entity", "sector")
        output = command.communicate(timeout=60)[0]
    assert results["sector"].status == "failed" and "otra réplica trabaja ahora" in results["sector"].error
    assert command.returncode == 1 and "--no-wait" in output
    assert lab.warehouse("select count(*) from ops.run") == runs
    assert lab.one("sector", wait=False).status == "ok"
