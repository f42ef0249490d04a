"""`caudal reconcile` against a source that changed behind the warehouse's back: each difference, the ids that explain it, and the exit code."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner

from sources.reconciliation import EntityCheck, Tolerance, reconcile
from sources.reconciliation.cli import app


@pytest.fixture
def at_rest(lab: Any) -> Any:
    """The laboratory after a replication: whatever an earlier test changed is in the warehouse."""
    yield lab
    lab.server.knobs.reset()
    lab.replicate("account_payment", "agreement", "cut_order", "claim", full=True)


def check(entity: str, **options: Any) -> EntityCheck:
    [found] = reconcile([entity], **options)
    assert found.error is None
    return found


def reasons(found: EntityCheck) -> dict[int, str]:
    return {record.id: record.reason for group in found.different for record in group.records}


def test_after_a_replication_all_agrees_to_the_cent(at_rest: Any) -> None:
    found = {c.entity: c for c in reconcile()}
    assert {c.status for c in found.values()} == {"ok"} and not any(c.beyond for c in found.values())
    [(rows, amount)] = at_rest.source("select count(*), sum(amount_total) from account_move where company_id is null or company_id = 1")
    move = found["account_move"]
    assert move.total("source", "rows") == move.total("warehouse", "rows") == rows
    assert move.total("source", "amount") == move.total("warehouse", "amount") == amount
    assert len(move.groups) > 300 and {group.key[1] for group in move.groups} == {"posted", "cancel", "draft"}
    by_day = at_rest.source("""select date, state, count(*), sum(amount_total), max(id) from account_move
                               where company_id is null or company_id = 1 group by 1, 2""")
    assert {group.key: (t.rows, t.amount, t.max_id) for group in move.groups if (t := group.source)} == {(d, s): (n, a, m) for d, s, n, a, m in by_day}
    detail = at_rest.warehouse("""select count(*), sum(source_rows), sum(warehouse_amount) from ops.reconciliation_detail where entity = 'account_move'
                                  and status = 'ok' and explanation is null and rows_difference = 0 and amount_difference = 0""")
    assert detail == [(len(move.groups), rows, amount)]
    assert at_rest.warehouse("select status, source_rows, since from ops.reconciliation where kind = 'reconcile' and entity = 'account_move'") == [
        ("ok", rows, None)]


def test_what_is_newer_than_the_last_replication_is_pending(at_rest: Any) -> None:
    at_rest.touch("account_payment", [40], "amount = amount + 10.05")
    at_rest.source("""insert into account_payment (name, move_id, partner_id, amount, date, state, payment_type, journal_id, company_id, create_date, write_date)
                      select 'NUEVO', move_id, partner_id, 7.25, date '2026-11-14', 'paid', payment_type, journal_id, 1, write_date, write_date
                      from account_payment where id = 40""")
    [(new,)] = at_rest.source("select max(id) from account_payment")
    found = check("account_payment")
    assert reasons(found) == {40: "changed_later", new: "created_later"}
    assert (found.status, found.beyond) == ("pending", False)
    assert sum(g.amount_difference for g in found.different) == Decimal("17.30")
    assert all(group.unexplained == (0, Decimal("0.00")) for group in found.different)
    assert check("account_payment", tolerance=Tolerance(strict=True)).beyond
    assert not check("account_payment", tolerance=Tolerance(rows=1, amount=Decimal("17.30"), strict=True)).beyond
    [(kept, said)] = at_rest.warehouse("""select pending_rows, explanation from ops.reconciliation_detail
                                          where entity = 'account_payment' and day = '2026-11-14' and state = 'paid' order by reconciliation_id desc limit 1""")
    assert (kept, said) == (1, f"{new}: creada después de la última réplica")


def test_a_silent_change_names_its_row_and_counts(at_rest: Any) -> None:
    at_rest.source("update account_payment set amount = amount + 100 where id = 50")
    at_rest.source("update account_payment set state = 'in_process' where id = 51 and state = 'paid'")
    found = check("account_payment")
    assert reasons(found) == {50: "silent", 51: "silent"}
    assert (found.status, found.beyond) == ("difference", True)
    assert {group.key[1] for group in found.different} >= {"in_process", "paid"}
    assert not check("account_payment", tolerance=Tolerance(rows=2, amount=Decimal(10000000))).beyond
    assert check("account_payment", tolerance=Tolerance(rows=1, amount=Decimal(10000000))).beyond


def test_a_row_that_took_the_place_of_another_is_no_agreement(at_rest: Any) -> None:
    """The same day, state, count and amount: only the ids differ."""
    [(columns,)] = at_rest.source("""select string_agg(quote_ident(column_name), ', ') from information_schema.columns
                                     where table_name = 'account_payment' and column_name <> 'id'""")
    at_rest.source(f"insert into account_payment ({columns}) select {columns} from account_payment where id = 60")
    at_rest.source("delete from account_payment where id = 60")
    [(new,)] = at_rest.source("select max(id) from account_payment")
    found = check("account_payment")
    assert all(not g.rows_difference and not g.amount_difference for g in found.different)
    assert reasons(found) == {60: "deleted", new: "missing"}
    assert found.beyond


def test_hidden_deleted_and_lost_rows_are_told_apart(at_rest: Any) -> None:
    at_rest.source("delete from water_cut_order where id = 3")
    at_rest.warehouse("delete from raw.odoo_cut_order where id = 5")
    with at_rest.server.knobs.set(hidden_ids={"water.cut.order": [7]}):
        found = check("cut_order")
    assert reasons(found) == {3: "deleted", 5: "missing", 7: "hidden"}
    assert found.beyond and found.total("source", "rows") == found.total("warehouse", "rows") - 1


def test_quarantined_rows_say_what_is_wrong_with_them(at_rest: Any) -> None:
    at_rest.touch("account_payment", [70], "amount = amount + 1")
    with at_rest.server.knobs.set(corrupt={"account.payment": {"70": {"amount": "mil pesos"}}}):
        assert at_rest.one("account_payment").quarantined == 1
        found = check("account_payment")
    assert reasons(found) == {70: "quarantined"} and found.beyond
    [record] = [r for g in found.different for r in g.records]
    assert "amount: se esperaba un importe" in record.words
    assert [g.quarantined_rows for g in found.different] == [1]


def test_since_looks_at_those_days_only(at_rest: Any) -> None:
    [(old, day)] = at_rest.source("select id, date from account_payment where date < '2026-09-01' and company_id = 1 order by id limit 1")
    at_rest.source("update account_payment set amount = amount + 1 where id = %s", [old])
    assert check("account_payment", since=date(2026, 9, 1)).status == "ok"
    assert reasons(check("account_payment", since=day)) == {old: "silent"}


def test_an_earlier_difference_stays_and_what_agreed_is_replaced(at_rest: Any) -> None:
    at_rest.source("update water_claim set state = 'closed' where id = 1 and state <> 'closed'")
    at_rest.source("update water_claim set state = 'open' where id = 1 and state = 'closed'")
    check("claim")
    at_rest.one("claim", full=True)
    check("claim")
    rows = at_rest.warehouse("select status, count(distinct reconciliation_id) from ops.reconciliation_detail where entity = 'claim' group by 1")
    assert dict(rows) == {"ok": 1, "difference": 1}


def test_the_command_names_the_rows_and_exits_by_tolerance(at_rest: Any) -> None:
    run = CliRunner().invoke
    assert run(app, ["--entity", "agreement"]).exit_code == 0
    at_rest.source("update water_agreement set amount = amount - 5 where id = 2")
    told = run(app, ["--entity", "agreement"])
    assert told.exit_code == 1
    assert "2: cambió sin write_date (RD$" in told.output and "caudal replicate --full" in told.output
    assert run(app, ["--entity", "agreement", "--tolerance-amount", "5.00"]).exit_code == 0
    answer = run(app, ["--entity", "agreement", "--format", "json"])
    assert answer.exit_code == 1
    said = json.loads(answer.output)
    [entity] = said["entities"]
    [group] = entity["differences"]
    assert (said["ok"], entity["beyond_tolerance"], group["amount_difference"], group["unexplained_rows"]) == (False, True, "-5.00", 0)
    assert [(r["id"], r["reason"]) for r in group["records"]] == [(2, "silent")]


def test_an_entity_that_cannot_be_compared_says_why(at_rest: Any) -> None:
    run = CliRunner().invoke
    with at_rest.server.knobs.set(denied_models=["account.move"]):
        told = run(app, ["--entity", "account_move", "--entity", "claim"])
    assert told.exit_code == 2 and "FALLÓ account_move" in told.output and "claim" in told.output
    assert run(app, ["--entity", "nada"]).exit_code == 2
    assert run(app, ["--since", "ayer"]).exit_code == 2
