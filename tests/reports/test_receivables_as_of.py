"""Debt at any past day: the same as the month-end snapshots, and the same as adding up Odoo's own rows by hand."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from caudal import warehouse
from reports.errors import ReportError
from reports.receivables_as_of import By, at
from reports.receivables_as_of.cli import app

run = CliRunner().invoke
LIMITS = [("Corriente", 0), ("1-30", 30), ("31-60", 60), ("61-90", 90), ("91-180", 180), ("181-365", 365), ("Más de 365", 10**9)]
MIDDLES = [date(2026, 5, 17), date(2026, 2, 28), date(2025, 12, 1), date(2026, 11, 15)]


@pytest.fixture(scope="module")
def reader(built):
    with warehouse.connect("read") as conn:
        yield conn
        conn.rollback()


def _nonzero(lines):
    return {(line.keys["contract_code"], name): amount for line in lines for name, amount in line.buckets.items() if amount}


def test_every_month_end_is_the_snapshot_contract_by_contract(reader):
    snapshots = defaultdict(dict)
    for end, code, bucket, amount in reader.execute(
            "select f.month_end_on, c.contract_code, f.ageing_bucket, f.receivable_amount from marts.fct_receivable_month as f "
            "join marts.dim_contract as c using (contract_key)"):
        snapshots[end][code, bucket] = amount
    credits = dict(reader.execute("select (period_month + interval '1 month' - interval '1 day')::date, sum(credit_balance_amount) "
                                  "from marts.fct_credit_balance_month group by 1").fetchall())
    assert len(snapshots) == 14
    for end, expected in snapshots.items():
        debt = at(reader, end, By.contract)
        assert _nonzero(debt.lines) == expected, end
        assert debt.credit == credits.get(end, 0), end


@pytest.mark.parametrize("day", MIDDLES)
def test_any_day_is_what_odoos_rows_add_up_to(built, reader, day):
    with warehouse.connect() as owner:
        codes = dict(owner.execute("select id, code from raw.odoo_contract").fetchall())
        entry_day = dict(owner.execute("select id, coalesce(invoice_date, date) from raw.odoo_account_move").fetchall())
        paid_on = dict(owner.execute("select move_id, date from raw.odoo_account_payment where state <> 'canceled'").fetchall())
        move_of = dict(owner.execute("select id, move_id from raw.odoo_account_move_line").fetchall())
        applied = defaultdict(Decimal)
        for debit, credit, amount, max_date in owner.execute(
                "select debit_move_id, credit_move_id, amount, max_date from raw.odoo_account_partial_reconcile where _deleted_at is null"):
            invoice, source = move_of[debit], move_of[credit]
            if max(max_date, entry_day[invoice], paid_on.get(source) or entry_day[source]) <= day:
                applied[invoice] += amount
        expected = defaultdict(Decimal)
        for key, contract, issued, due, total in owner.execute(
                "select id, contract_id, invoice_date, invoice_date_due, amount_total from raw.odoo_account_move "
                "where move_type = 'out_invoice' and state = 'posted' and _deleted_at is null"):
            if issued <= day and total != applied[key]:
                bucket = next(name for name, limit in LIMITS if (day - due).days <= limit)
                expected[codes.get(contract, "S/A"), bucket] += total - applied[key]
    assert _nonzero(at(reader, day, By.contract).lines) == expected
    assert sum(expected.values()) > 0


@pytest.mark.parametrize("day", MIDDLES)
def test_every_grouping_adds_up_to_the_same(reader, day):
    answers = [at(reader, day, by) for by in By]
    assert len({tuple(a.total.buckets.items()) for a in answers}) == 1
    assert len(answers[0].lines) > 10
    assert len({a.credit for a in answers}) == 1


def test_before_the_first_bill_nothing_was_owed(reader):
    debt = at(reader, date(2001, 1, 1))
    assert (debt.lines, debt.total.receivable, debt.credit) == ((), 0, 0)


def test_a_day_the_data_do_not_reach_is_refused(reader):
    with pytest.raises(ReportError, match="los datos llegan hasta el 15/11/2026"):
        at(reader, date(2026, 11, 15) + timedelta(days=1))
    told = run(app, ["--as-of", "2026-11-16"])
    assert told.exit_code == 1
    assert "el 16/11/2026 todavía no se conoce" in told.stderr


def test_files_carry_every_cent(reader):
    debt = at(reader, date(2026, 5, 17), By.sector)
    table = list(csv.DictReader(io.StringIO(run(app, ["--as-of", "2026-05-17", "--format", "csv"]).stdout)))
    assert [row["sector_code"] for row in table] == [line.keys["sector_code"] for line in debt.lines]
    assert sum(Decimal(row["receivable_amount"]) for row in table) == debt.total.receivable
    assert sum(Decimal(row["overdue_amount"]) for row in table) == debt.total.receivable - debt.total.buckets["Corriente"]
    body = json.loads(run(app, ["--as-of", "2026-05-17", "--by", "bucket", "--format", "json"]).stdout)
    assert {line["ageing_bucket"]: Decimal(line["receivable_amount"]) for line in body["lines"]} == debt.total.buckets
    assert Decimal(body["credit_amount"]) == debt.credit


def test_the_table_says_the_day_and_the_credit_apart(reader):
    out = run(app, ["--as-of", "2026-05-17"])
    assert out.exit_code == 0
    assert "Cuentas por cobrar al 17/05/2026" in out.stdout
    assert "saldos a favor de clientes: RD$" in out.stdout
