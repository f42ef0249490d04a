"""The tests of a daily build read little, and none of them has become empty: each finds what is wrong in a row that changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from incremental_lab import a_copy
from psycopg.types.json import Jsonb

from caudal import warehouse
from caudal.dbt_run import _dbt, target_dir
from tests.raw_changes import loader_run

# what is done to the side that is not published, and which test must see it. {key}, {contract}: of a posted invoice with an allocation.
TAMPERED = {
    "lines_add_up_to_their_document": "update {m}.fct_invoice_line set line_amount = line_amount + 1 where invoice_line_key = {line}",
    "partitioned_facts_have_one_row_per_key": "insert into {m}.fct_payment select (jsonb_populate_record(p, '{{\"paid_on\": \"2026-02-03\"}}')).* "
                                              "from {m}.fct_payment p where payment_key = {payment}",
    "nothing_is_applied_twice": "update {m}.fct_payment_allocation set allocated_amount = allocated_amount * 100 where invoice_key = {invoice}",
    "owed_today_is_odoos_residual": None,  # by the same
    "billed_is_paid_plus_credited_plus_owed": None,
    "all_money_is_debt_or_credit_balance": None,  # by the payment that is there twice
    "kpi_marts_add_up_to_facts": None,
    "no_money_is_lost_between_raw_and_marts": None,
    "billing_marts_add_up_to_facts": None,  # by the line
    "collections_add_up": None,  # by what is applied
    "form_607_declares_every_document": "update {m}.mart_dgii__607_summary set documents_count = documents_count + 1 where period_month = "
                                        "(select date_trunc('month', issued_on) from {m}.fct_invoice where invoice_key = {invoice})",
    "metering_marts_add_up_to_facts": "update {m}.mart_metering__month set planned_readings = planned_readings + 1 where period_month = date '2026-09-01'",
    "consumption_is_that_of_the_readings": "update {m}.fct_consumption_month set consumption_m3 = consumption_m3 + 1 where contract_key = {contract} "
                                           "and period_month = date '2026-09-01'",
    "regularised_consumption_is_what_was_booked": None,  # by the same
    "debtors_owe_what_is_overdue_today": "update intermediate.int_billing__document set total_amount = total_amount + 1 where invoice_key = {invoice}",
    "fct_invoice_keys_are_known": "update {m}.fct_invoice set customer_key = 123456789 where invoice_key = {invoice}",
    "fct_payment_keys_are_known": "update {m}.fct_payment set collector_key = 123456789 where payment_key = {payment}",
    "fct_payment_allocation_keys_are_known": "update {m}.fct_payment_allocation set payment_key = 123456789 where invoice_key = {invoice}",
    "fct_receivable_month_keys_are_known": "update {m}.fct_receivable_month set contract_version_key = 123456789 where contract_key = {contract} and period_month = '2026-09-01'",
    "fct_credit_balance_month_keys_are_known": "update {m}.fct_credit_balance_month set contract_version_key = 123456789 where contract_key = {credit}",
    "fct_delivery_keys_are_known": "update {m}.fct_delivery set contract_key = 123456789 where delivery_key = {delivery}",
    "remittances_are_their_lines": "insert into {m}.fct_bank_remittance_line select (jsonb_populate_record(l, '{{\"bank_remittance_line_key\": -5}}')).* "
                                   "from {m}.fct_bank_remittance_line l where payment_key = {filed} and posted_amount <> 0",
    "fct_bank_remittance_line_keys_are_known": "update {m}.fct_bank_remittance_line set contract_key = 123456789 where payment_key = {filed}",
    "fct_invoice_line_keys_are_known": "update {m}.fct_invoice_line set concept_key = 123456789 where invoice_line_key = {line}",
}
LOGGED = [
    ("int_billing__document:debt", "select {invoice}, null, null"),
    ("fct_invoice", "select invoice_key, contract_key, issued_on from {m}.fct_invoice where invoice_key = {invoice}"),
    ("fct_invoice:sums", "select null, null, issued_on from {m}.fct_invoice where invoice_key = {invoice}"),
    ("fct_invoice_line", "select invoice_line_key, contract_key, issued_on from {m}.fct_invoice_line where invoice_line_key = {line}"),
    ("fct_invoice_line:invoice", "select {invoice}, null, null"),
    ("fct_payment", "select payment_key, contract_key, paid_on from {m}.fct_payment where payment_key = {payment}"),
    ("fct_payment:sums", "select null, null, paid_on from {m}.fct_payment where payment_key = {payment}"),
    ("fct_payment_allocation", "select allocation_key, contract_key, allocated_on from {m}.fct_payment_allocation where invoice_key = {invoice}"),
    ("fct_payment_allocation:invoice", "select {invoice}, null, null"),
    ("fct_payment_allocation:payment", "select {payment}, null, null"),
    ("fct_receivable_month", "select null, {contract}, date '2026-09-01'"),
    ("fct_credit_balance_month", "select null, contract_key, period_month from {m}.fct_credit_balance_month where contract_key = {credit}"),
    ("fct_consumption_month", "select null, {contract}, date '2026-09-01'"),
    ("fct_bank_remittance_line", "select bank_remittance_line_key, contract_key, null from {m}.fct_bank_remittance_line where payment_key = {filed}"),
    ("fct_bank_remittance_line:payment", "select {filed}, null, null"),
    ("fct_reading", "select null, {contract}, date '2026-09-01'"),
    ("fct_delivery", "select {delivery}, null, null"),
]


@pytest.fixture(scope="module")
def tampered(both_sides) -> Iterator[tuple]:
    """Rows of the unpublished side are made wrong behind the build's back."""
    with a_copy(), warehouse.connect(autocommit=True) as conn:
        values = {"m": "marts_next"}
        values["invoice"], values["contract"], values["payment"] = conn.execute(
            """select a.invoice_key, a.contract_key, a.payment_key from marts_next.fct_payment_allocation a
               join marts_next.fct_receivable_month r on r.contract_key = a.contract_key and r.period_month = '2026-09-01'
               where a.payment_key is not null order by 1 limit 1""").fetchone()
        values["line"] = conn.execute("select min(invoice_line_key) from marts_next.fct_invoice_line where invoice_key = %(invoice)s", values).fetchone()[0]
        values["delivery"] = conn.execute("select min(delivery_key) from marts_next.fct_delivery").fetchone()[0]
        values["filed"] = conn.execute("select min(payment_key) from marts_next.fct_bank_remittance_line where posted_amount <> 0").fetchone()[0]
        values["credit"] = conn.execute("select min(contract_key) from marts_next.fct_credit_balance_month").fetchone()[0]
        for change in filter(None, TAMPERED.values()):
            assert conn.execute(change.format(**values)).rowcount > 0, change
        yield conn, values


def _failed(conn, whole: bool) -> set[str]:
    """Names of the data tests that fail, run as in a build that reads everything or not."""
    build_id = conn.execute("insert into ops.build (reads_all_tests, fingerprints) values (%s, %s) returning build_id", [whole, Jsonb({})]).fetchone()[0]
    try:
        _dbt(["test", "--exclude-resource-type", "unit_test"], lambda _: None)
    finally:
        conn.execute("delete from ops.build where build_id = %s", [build_id])
    results = json.loads((target_dir() / "run_results.json").read_text())["results"]
    assert not [r["unique_id"] for r in results if r["status"] == "error"]  # a test that is no SQL finds nothing
    return {r["unique_id"].split(".")[2] for r in results if r["status"] in ("fail", "warn")}


def test_rows_already_tested_are_not_read_again(tampered):
    conn, _ = tampered
    assert _failed(conn, whole=False) & set(TAMPERED) == set()


def test_the_full_form_finds_everything(tampered):
    conn, _ = tampered
    assert set(TAMPERED) <= _failed(conn, whole=True)


def test_what_left_raw_is_looked_for_in_every_month(tampered):
    """A payment that was dated otherwise and then deleted, of which a build noticed nothing: the marts hold it in a month that raw no longer names."""
    conn, _ = tampered
    payment = conn.execute("select max(payment_key) from marts_next.fct_payment where payment_amount > 0").fetchone()[0]
    before = conn.execute("select date, _deleted_at, _run_id from raw.odoo_account_payment where id = %s", [payment]).fetchone()
    change = "update raw.odoo_account_payment set date = %s, _deleted_at = %s, _run_id = %s where id = %s"
    with loader_run(conn) as run:
        conn.execute(change, [before[0] - timedelta(days=400), datetime.now(UTC), run, payment])
    assert "no_money_is_lost_between_raw_and_marts" in _failed(conn, whole=False)
    conn.execute(change, [*before, payment])


def test_every_daily_test_finds_what_is_wrong_in_a_row_that_changed(tampered):
    conn, values = tampered
    build_id = conn.execute("select max(tested_build_id) + 1 from ops.side").fetchone()[0]
    for model, rows in LOGGED:
        conn.execute(
            f"""insert into ops.model_change (build_id, side, model, row_key, contract_key, period_month)
                select {build_id}, ops.side_of('{"intermediate" if model.startswith("int_") else "marts_next"}'), '{model}', a::bigint, b::bigint, date_trunc('month', c::date)::date
                from ({rows.format(**values)}) as r (a, b, c)""")
    assert set(TAMPERED) <= _failed(conn, whole=False)
