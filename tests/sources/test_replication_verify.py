"""What an increment cannot see, and `verify` does: changes that leave write_date alone, and a raw table touched by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from caudal.settings import settings
from sources import verify
from sources.contract import Census, RangePrint
from sources.odoo import mapping
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}


def details(lab, entity: str) -> dict:
    return lab.warehouse("select details from ops.run where entity = %s order by run_id desc limit 1", [entity])[0][0]


def mark(lab, entity: str) -> tuple:
    return lab.warehouse("select live_rows, key_sum, amount_sum from ops.watermark where entity = %s", [entity])[0]


def counted(lab, entity: str, amount: str) -> tuple:
    return lab.warehouse(f"select count(*), sum(id), sum({amount}) from raw.odoo_{entity} where _deleted_at is null")[0]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    """Ranges that the tiny tables have several of."""
    monkeypatch.setattr(verify, "WIDTH", 200)
    return 200


def test_only_the_ranges_that_differ_are_read_again(lab, narrow: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.source("update account_payment set amount = amount + 100 where id in (50, 51, 450)")
    assert lab.one("account_payment").updated == 0

    with monkeypatch.context() as patch:
        patch.setattr(verify, "due", lambda *_: set())  # nobody's turn
        result = lab.one("account_payment", verify=True)

    assert (result.updated, result.reconciliation) == (3, "ok")
    found = details(lab, "account_payment")["verify"]
    assert (found["differing"], found["rolled"], found["mended"], found["silent"]) == (2, 0, 3, 3)
    assert found["ranges"] > 5 and result.rows_read < 2 * narrow + 50
    assert any("3 filas cambiaron en Odoo sin que se moviera su fecha" in w for w in result.warnings)
    assert_same(lab, ENTITIES["account_payment"], "account_payment")
    again = lab.one("account_payment", verify=True)
    assert (again.verified.differing, again.updated) == (0, 0)


def test_a_text_changed_by_sql_is_found_within_the_week(lab, narrow: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Odoo adds up numbers, not texts: each night a seventh of the ranges is read whole, and no range waits longer than a week."""
    lab.source("update account_payment set memo = 'revisado' where id % 70 = 0")
    first, updated = settings().today, []
    for night in range(verify.PARTS):
        with monkeypatch.context() as patch:
            patch.setenv("CAUDAL_TODAY", (first + timedelta(days=night)).isoformat())
            settings.cache_clear()
            updated.append(lab.one("account_payment", verify=True).updated)
    settings.cache_clear()
    assert sum(updated) == lab.source("select count(*) from account_payment where id % 70 = 0")[0][0] and max(updated) < sum(updated)
    assert_same(lab, ENTITIES["account_payment"], "account_payment")


def test_a_night_that_was_missed_is_made_up_for() -> None:
    today = date(2026, 11, 15)
    turn = today.toordinal() % verify.PARTS
    assert verify.due({}, today) == {turn}
    every = {part: today - timedelta(days=(turn - part) % verify.PARTS) for part in range(verify.PARTS)}
    assert verify.due(every, today) == {turn}
    late = (turn + 3) % verify.PARTS
    assert verify.due({**every, late: today - timedelta(days=8)}, today) == {turn, late}


def test_a_raw_table_touched_by_hand_is_mended(lab, narrow: int) -> None:
    lab.one("account_partial_reconcile")
    lab.warehouse("delete from raw.odoo_account_partial_reconcile where id in (3, 4)")
    lab.warehouse("update raw.odoo_account_partial_reconcile set amount = 0 where id = 9")
    lab.warehouse("update raw.odoo_account_partial_reconcile set _deleted_at = now() where id = 11")
    lab.warehouse("""insert into raw.odoo_account_partial_reconcile (id, _source, _loaded_at, _run_id)
                     select 150, _source, now(), 1 from raw.odoo_account_partial_reconcile where id = 1
                     on conflict (id) do update set amount = 1""")
    result = lab.one("account_partial_reconcile", verify=True)
    assert result.reconciliation == "ok"
    assert_same(lab, ENTITIES["account_partial_reconcile"], "account_partial_reconcile")
    assert mark(lab, "account_partial_reconcile") == counted(lab, "account_partial_reconcile", "amount")


def test_what_is_alive_is_known_without_counting(lab) -> None:
    """Rows, Σ of keys and RD$ are kept exactly through new, changed, deleted and revived rows."""
    assert mark(lab, "account_move") == counted(lab, "account_move", "amount_total")
    lab.source("create table kept_move as select * from account_move where id in (21, 22, 23)")
    lab.touch("account_move", [30, 31], "amount_total = amount_total + 5.25")
    lab.source("delete from account_move where id in (21, 22, 23)")
    assert lab.one("account_move").deleted == 3
    assert mark(lab, "account_move") == counted(lab, "account_move", "amount_total")
    lab.source("insert into account_move select * from kept_move where id <> 23")
    lab.touch("account_move", [22], "amount_total = 17")
    assert lab.one("account_move").updated == 2
    assert mark(lab, "account_move") == counted(lab, "account_move", "amount_total")
    lab.warehouse("update ops.watermark set live_rows = null where entity = 'account_move'")  # of an earlier version of the program
    lab.touch("account_move", [40], "ref = 'x'")
    lab.one("account_move")
    assert mark(lab, "account_move") == counted(lab, "account_move", "amount_total")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The transport as one that can count its source cheaply, and add up keys by range; what was asked of it."""
    from sources.odoo.rpc import OdooRpc

    asked: list[str] = []
    listed, prints, span = OdooRpc.ids, OdooRpc.prints, OdooRpc.span

    def census(self, entity) -> Census:
        keys = [key for chunk in listed(self, entity) for key in chunk]
        return Census(len(keys), sum(keys), max(keys, default=None))

    def ids(self, entity):
        asked.append("ids")
        return listed(self, entity)

    def by_range(self, entity, width, keys_only=False):
        if not keys_only:
            return prints(self, entity, width)
        keys = [key for chunk in listed(self, entity) for key in chunk]
        numbers = {key // width for key in keys}
        return {n: RangePrint(sum(k // width == n for k in keys), sum(k for k in keys if k // width == n), (), None) for n in numbers}

    def noted(self, entity, low, high):
        asked.append(f"{low}-{high}")
        return span(self, entity, low, high)

    monkeypatch.setattr(OdooRpc, "census", census)
    monkeypatch.setattr(OdooRpc, "ids", ids)
    monkeypatch.setattr(OdooRpc, "prints", by_range)
    monkeypatch.setattr(OdooRpc, "span", noted)
    return asked


def test_a_source_that_counts_is_not_asked_for_its_keys(lab, counting: list[str]) -> None:
    lab.touch("water_reading", [5, 6], "incident = 'x'")
    lab.source("""insert into water_reading select (jsonb_populate_record(r, jsonb_build_object(
                      'id', (select max(id) + 1 from water_reading), 'write_date', (select max(write_date) from water_reading)))).*
                  from water_reading as r where id = 5""")
    result = lab.one("reading")
    assert (result.inserted, result.updated, result.reconciliation, counting) == (1, 2, "ok", [])
    lab.source("delete from water_reading where id = 9")
    assert lab.one("reading").deleted == 1
    assert counting == ["ids"]
    assert_same(lab, ENTITIES["reading"], "water_reading")


def test_a_lost_key_of_a_large_table_is_sought_by_ranges(lab, counting: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from sources import replicate

    monkeypatch.setattr(replicate, "RANGES_FROM", 100)
    monkeypatch.setattr(replicate, "WIDTH", 500)
    lab.source("delete from account_move_line where id in (1200, 1201)")
    lab.source("update account_move_line set write_date = '2020-01-01', name = 'atrás' where id = 1203")  # in the same range: read with it
    result = lab.one("account_move_line")
    assert (result.deleted, result.updated, counting) == (2, 1, ["1000-1500"])
    assert_same(lab, ENTITIES["account_move_line"], "account_move_line")
    lab.source("delete from account_move_line where id % 400 = 1")  # in most ranges
    assert lab.one("account_move_line").deleted > 20
    assert counting == ["1000-1500", "ids"]


def test_quarantine_is_tried_again_without_the_list_of_keys(lab, counting: list[str]) -> None:
    lab.touch("water_claim", [3], "state = state")
    lab.source("""insert into water_claim select (jsonb_populate_record(r, '{"id": 900001}')).* from water_claim as r where id = 3""")
    with lab.server.knobs.set(corrupt={"water.claim": {"900001": {"opened_at": "ayer"}, "3": {"opened_at": "ayer"}}}):
        assert lab.one("claim").quarantined == 2
        assert lab.one("claim").quarantined == 2
    assert counting == []
    assert lab.one("claim").inserted == 1
    assert lab.warehouse("select count(*) from ops.quarantine where entity = 'claim' and resolved_at is null") == [(0,)]
    assert_same(lab, ENTITIES["claim"], "water_claim")


@pytest.mark.parametrize("entity", ["account_move", "reading", "supply_point", "agreement"])
def test_what_odoo_adds_up_by_range_is_what_raw_holds(lab, entity: str, narrow: int) -> None:
    """Money, quantities, coordinates, NULLs: after a replication no range differs."""
    lab.one(entity)
    assert lab.one(entity, verify=True).verified.differing == 0
