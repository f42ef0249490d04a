"""What changes in Odoo after the first load: seen once, written once, and nothing else is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from caudal.settings import settings
from sources.odoo import mapping
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}


def rewritten(lab, table: str, before: dict) -> set[int]:
    """Ids whose stored row is not the one it was."""
    after = lab.versions(table)
    return {key for key in after if after[key] != before.get(key)}


def test_an_increment_brings_what_changed_and_only_that(lab) -> None:
    before = lab.versions("odoo_contract")
    lab.touch("water_contract", [3, 7], "is_cuttable = not is_cuttable")
    lab.touch("water_contract", [11], "active = false")
    lab.source("""insert into water_contract (code, partner_id, supply_point_id, user_type_id, state, active, company_id, create_date, write_date)
                  select 'NUEVO', partner_id, supply_point_id, user_type_id, 'active', true, 1, write_date,
                      (select max(write_date) from water_contract)
                  from water_contract where id = 3""")
    new = lab.source("select max(id) from water_contract")[0][0]

    result = lab.one("contract")

    assert (result.inserted, result.updated, result.deleted) == (1, 3, 0)
    assert result.rows_read < 20
    assert rewritten(lab, "odoo_contract", before) == {3, 7, 11, new}
    assert_same(lab, ENTITIES["contract"], "water_contract")
    assert lab.one("contract").updated == 0


def test_a_transaction_that_commits_late_is_seen_inside_the_overlap(lab) -> None:
    """write_date is when the transaction began: here 20 minutes before the newest row that an earlier run already saw."""
    lab.touch("account_move", [100], "ref = 'tarde'", minutes=-20)
    assert lab.one("account_move").updated == 1
    assert lab.warehouse("select ref from raw.odoo_account_move where id = 100") == [("tarde",)]


def test_a_row_born_before_the_overlap_is_found_by_its_id(lab) -> None:
    lab.source("""insert into water_claim (contract_id, kind, state, opened_at, create_date, write_date)
                  select 1, kind, state, opened_at, '2020-01-01', '2020-01-01' from water_claim order by id limit 1""")
    assert lab.one("claim").inserted == 1
    assert_same(lab, ENTITIES["claim"], "water_claim")


def test_a_change_that_leaves_write_date_alone_needs_a_full_run(lab) -> None:
    """Raw SQL in Odoo's database does that. The increment cannot see it, the reconciliation of amounts does, --full repairs it."""
    lab.source("update account_payment set amount = amount + 100 where id = 50")
    result = lab.one("account_payment")
    assert (result.updated, result.reconciliation) == (0, "difference")
    assert "--full" in result.warnings[0]
    result = lab.one("account_payment", full=True)
    assert (result.updated, result.reconciliation) == (1, "ok")


def test_deleted_rows_become_tombstones_and_may_come_back(lab) -> None:
    lab.source("create table kept as select * from account_partial_reconcile where id in (5, 6)")
    lab.source("delete from account_partial_reconcile where id in (5, 6)")
    before = lab.versions("odoo_account_partial_reconcile")

    assert lab.one("account_partial_reconcile").deleted == 2
    assert rewritten(lab, "odoo_account_partial_reconcile", before) == {5, 6}
    assert lab.warehouse("select id from raw.odoo_account_partial_reconcile where _deleted_at is not null order by 1") == [(5,), (6,)]
    assert lab.one("account_partial_reconcile").deleted == 0

    lab.source("insert into account_partial_reconcile select * from kept")
    result = lab.one("account_partial_reconcile")
    assert (result.inserted, result.updated) == (0, 2)
    assert_same(lab, ENTITIES["account_partial_reconcile"], "account_partial_reconcile")


def test_when_most_of_a_table_is_gone_nothing_is_deleted_unless_told(lab) -> None:
    before = lab.versions("odoo_reading")
    lab.source("delete from water_reading where id % 3 > 0")

    result = lab.replicate("reading")["reading"]
    assert result.status == "failed"
    assert "reading" in result.error and "--accept-deletions" in result.error
    assert lab.versions("odoo_reading") == before

    assert lab.one("reading", accept_deletions=True).deleted > len(before) / 2
    assert_same(lab, ENTITIES["reading"], "water_reading")


def test_rows_that_record_rules_hide_are_counted(lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from demo.odoo.auth import ensure_password

    lab.source("update res_users set active = true where id = 1")  # OdooBot: no record rule binds it
    ensure_password(lab.source_dsn, "__system__", "auditora")
    foreign = lab.source("select count(*) from account_move where company_id <> 1")[0][0]
    with monkeypatch.context() as patch, lab.server.knobs.set(hidden_ids={"account.move": [1, 2, 3, 4]}):
        patch.setenv("ODOO_AUDIT_USER", "__system__")
        patch.setenv("ODOO_AUDIT_PASSWORD", "auditora")
        settings.cache_clear()
        result = lab.one("account_move")
    settings.cache_clear()
    assert (result.deleted, result.reconciliation) == (4, "hidden")
    assert any("oculta" in w for w in result.warnings)
    assert lab.warehouse("select hidden_rows from ops.reconciliation order by id desc limit 1") == [(4 + foreign,)]
    assert lab.one("account_move").updated == 4  # shown again


def test_a_column_added_to_the_mapping_is_filled_for_every_row(lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(mapping.path_of("demo"), tmp_path / "demo")
    file = tmp_path / "demo" / "customers.yml"
    text = file.read_text()
    assert "      cadastral_code: text\n" in text
    file.write_text(text.replace("      cadastral_code: text\n", ""))
    lab.warehouse("drop table raw.odoo_supply_point")
    with monkeypatch.context() as patch:
        patch.setattr(mapping, "FOLDER", tmp_path)
        assert lab.one("supply_point").mode == "completa"

    result = lab.one("supply_point")

    assert (result.mode, result.inserted) == ("completa", 0)
    assert assert_same(lab, ENTITIES["supply_point"], "water_supply_point") == result.rows_read
