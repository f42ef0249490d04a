"""Raw as a loader would leave it after all that can happen late, and builds that end in a publication whatever the business tests think of that."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

import caudal.build
from caudal import dbt_run, warehouse
from caudal.build import BuildResult, build
from caudal.settings import settings


@contextmanager
def without_tests(*arguments: str, fails: bool = False) -> Iterator[None]:
    """`caudal build` runs dbt without tests, on what `arguments` select; with `fails` it ends as if a test had failed after all models were made."""
    def run_dbt(select: str | None, tell: Callable[[str], None], standing: Sequence[str]) -> list[str]:
        standing = ["--exclude", *standing] if standing else []
        failed = dbt_run._dbt(["build", *dbt_run.without("exposure", "test", "unit_test"), *arguments, *standing], tell)
        return failed or (["a_test"] if fails else [])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caudal.build, "run_dbt", run_dbt)
        yield


def build_untested(fails: bool = False, everything: bool = False, **options: bool) -> BuildResult:
    """A build without dbt's tests (made-up raw breaks business rules); `fails` as in `without_tests`.

    Makes the incremental models and what they are made from; the tables that every build makes whole stay as they are, unless `everything`.
    """
    lines: list[str] = []
    with without_tests(*([] if everything else ["--select", "+config.materialized:incremental"]), fails=fails):
        result = build(progress=lines.append, **options)
    assert result.ok is not fails, "\n".join(lines)
    return result


def _is_behind(conn: psycopg.Connection, tested: bool) -> bool:
    """Whether a side has still to read of Odoo's raw, does not know what was made whole or is not of today's month; with `tested`, or its tests have not read all."""
    return conn.execute(
        """with last as (select max(run_id) as run_id from ops.run where pipeline = 'replicate')
           select exists (
               select 1 from ops.model_state as m
               where run_id <= (select run_id from last) or closed_month <> date_trunc('month', %s::date) - interval '1 month'
                   or build_id < (select max(refreshed_build_id) from ops.model_state where side in (m.side, 'shared'))
           ) or %s and exists (select 1 from ops.side where tested_run_id is null or tested_run_id <= (select run_id from last))""",
        [settings().today, tested]).fetchone()[0]


def settle(conn: psycopg.Connection, tested: bool = False) -> None:
    """Build, with tests or without, until no side is behind: what the next build does is then the caller's alone."""
    for _ in range(3):
        if not _is_behind(conn, tested):
            return
        if tested:
            result = build(progress=lambda _: None)
            assert result.ok, result
        else:
            build_untested()
    raise AssertionError("three builds, and a side is behind")


@contextmanager
def a_copy() -> Iterator[None]:
    """In place of the warehouse a copy of it, which the block may ruin; then the warehouse as it was. Whoever was connected to it is not any more."""
    name, kept = (sql.Identifier(database) for database in (warehouse.DATABASE, f"{warehouse.DATABASE}_kept"))
    with warehouse.connect(dbname="postgres", autocommit=True) as server:
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [warehouse.DATABASE])
        server.execute(sql.SQL("alter database {} rename to {}").format(name, kept))
        try:
            server.execute(sql.SQL("create database {} template {}").format(name, kept))
            warehouse.bootstrap()  # what belongs to a database and does not come with its copy
            yield
        finally:
            server.execute(sql.SQL("drop database if exists {} with (force)").format(name))
            server.execute(sql.SQL("alter database {} rename to {}").format(kept, name))


class Mess:
    """All that can happen to raw, at random by seed. Each method changes rows as the loader does: with its run's number, tombstones for deletions."""

    def __init__(self, conn: psycopg.Connection, seed: int) -> None:
        self.conn, self.draw, self.next_id = conn, random.Random(seed), 50_000_000 + seed * 1_000_000
        self.newest: dict[str, int] = {}

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def pick(self, query: str, n: int = 1) -> list[int]:
        rows = [row[0] for row in self.conn.execute(query).fetchall()]
        return self.draw.sample(sorted(rows), min(n, len(rows)))

    def invoices(self, n: int) -> list[int]:
        return self.pick("select id from raw.odoo_account_move where move_type = 'out_invoice' and state = 'posted' and _deleted_at is null", n)

    def write(self, run: int, table: str, ids: list[int], changes: str) -> None:
        self.conn.execute(f"update raw.odoo_{table} set {changes}, _run_id = %s, _loaded_at = clock_timestamp() where id = any(%s)", [run, ids])

    def copy(self, run: int, table: str, row: int, **changed: object) -> int:
        """A new row like another, with some columns changed."""
        columns = [r[0] for r in self.conn.execute("select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped", [f"raw.odoo_{table}"])]
        new = {"id": self.new_id(), "_run_id": run, "_deleted_at": None, **changed}
        listed = ", ".join(f"%({c})s" if c in new else f'"{c}"' for c in columns)
        names = ", ".join(f'"{c}"' for c in columns)
        self.conn.execute(f"insert into raw.odoo_{table} ({names}) select {listed} from raw.odoo_{table} where id = %(source)s", {**new, "source": row})
        return new["id"]

    def late_invoices(self, run: int) -> None:
        for invoice in self.invoices(3):
            day = self.conn.execute("select invoice_date - %s from raw.odoo_account_move where id = %s", [self.draw.randrange(0, 200), invoice]).fetchone()[0]
            new = self.copy(run, "account_move", invoice, invoice_date=day, date=day)
            for line in self.pick(f"select id from raw.odoo_account_move_line where move_id = {invoice}", 9):
                self.copy(run, "account_move_line", line, move_id=new)

    def deletions(self, run: int) -> None:
        for table, query in (
                ("account_move", "select id from raw.odoo_account_move where move_type = 'out_invoice' and _deleted_at is null"),
                ("account_payment", "select id from raw.odoo_account_payment where _deleted_at is null"),
                ("account_partial_reconcile", "select id from raw.odoo_account_partial_reconcile where _deleted_at is null"),
                ("account_move_line", "select id from raw.odoo_account_move_line where display_type = 'product' and _deleted_at is null"),
                ("reading", "select id from raw.odoo_reading where _deleted_at is null")):
            self.write(run, table, self.pick(query, 2), "_deleted_at = clock_timestamp()")

    def reopened(self, run: int) -> None:
        self.write(run, "account_move", self.invoices(2), "state = 'draft'")
        self.write(run, "account_move", self.pick("select id from raw.odoo_account_move where state = 'draft'", 1), "state = 'posted'")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where state = 'paid'", 1), "state = 'canceled'")

    def moved(self, run: int) -> None:
        contract, other = self.pick("select id from raw.odoo_contract where _deleted_at is null", 2)
        stamp = "write_date = clock_timestamp() at time zone 'UTC'"
        self.write(run, "contract", [contract], f"supply_point_id = (select supply_point_id from raw.odoo_contract where id = {other}), {stamp}")
        self.write(run, "contract", [other], f"user_type_id = (select max(id) from raw.odoo_user_type where id <> user_type_id), {stamp}")
        began = self.pick("select id from raw.odoo_contract where _deleted_at is null", 3)
        self.write(run, "contract", began[:2], f"date_start = date_start + {self.draw.randrange(-90, 90)}")
        self.write(run, "contract", began[2:], "date_start = null")
        sector = self.pick("select id from raw.odoo_sector")[0]
        self.write(run, "supply_point", self.pick("select id from raw.odoo_supply_point where _deleted_at is null", 3), f"sector_id = {sector}, {stamp}")
        # documents and readings that were another contract's
        self.write(run, "account_move", self.invoices(2), f"contract_id = {contract}")
        self.write(run, "reading", self.pick("select id from raw.odoo_reading where _deleted_at is null", 2), f"contract_id = {other}, consumption_m3 = 77.125")

    def money(self, run: int) -> None:
        payments = self.pick("select id from raw.odoo_account_payment where _deleted_at is null", 3)
        self.write(run, "account_payment", payments, f"date = date - {self.draw.randrange(1, 120)}")
        self.write(run, "account_payment", payments[:1], "amount = amount + 12.34")
        first, second = self.pick("select id from raw.odoo_account_partial_reconcile where _deleted_at is null", 2)
        self.write(run, "account_partial_reconcile", [first], "amount = amount - 0.01, max_date = max_date - 40")
        self.write(run, "account_partial_reconcile", [first], f"debit_move_id = (select debit_move_id from raw.odoo_account_partial_reconcile where id = {second})")
        self.copy(run, "account_partial_reconcile", second, amount=1)
        self.write(run, "account_move", self.invoices(2), f"invoice_date_due = invoice_date_due + {self.draw.randrange(-90, 90)}")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where _deleted_at is null"), "collector_id = (select max(id) from raw.odoo_collector)")
        self.write(run, "account_move_line", self.pick("select id from raw.odoo_account_move_line where display_type = 'product'", 2), "price_subtotal = price_subtotal + 1")

    def strangers(self, run: int) -> None:
        """References to what is not there yet, and what arrives late for an earlier stranger; a contract that goes."""
        ghost = 90_000_000
        self.write(run, "account_move", self.invoices(1), f"contract_id = {ghost}")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where _deleted_at is null", 1), f"contract_id = {ghost}, partner_id = {ghost}")
        self.write(run, "reading", self.pick("select id from raw.odoo_reading where _deleted_at is null", 1), f"contract_id = {ghost}")
        if self.draw.random() < 0.7 and not self.conn.execute("select 1 from raw.odoo_contract where id = %s", [ghost]).fetchone():
            self.copy(run, "contract", self.pick("select id from raw.odoo_contract where _deleted_at is null")[0], id=ghost, code="LATE")
            self.copy(run, "customer", self.pick("select id from raw.odoo_customer where _deleted_at is null")[0], id=ghost, name="Llegó tarde")
        self.write(run, "contract", self.pick("select id from raw.odoo_contract where _deleted_at is null"), "_deleted_at = clock_timestamp()")

    def catalogues(self, run: int) -> None:
        name = f"Nombre {self.draw.randrange(10**6)}"
        for table in ("journal", "collector", "sector", "user_type", "municipality"):
            self.write(run, table, self.pick(f"select id from raw.odoo_{table} where _deleted_at is null"), f"name = '{name} {table}'")
        self.write(run, "concept", self.pick("select id from raw.odoo_concept where _deleted_at is null"), "concept_type = 'otros'")
        self.write(run, "document_type", self.pick("select id from raw.odoo_document_type where _deleted_at is null"), "doc_code_prefix = 'E99'")
        self.write(run, "payment_method", self.pick("select id from raw.odoo_payment_method where _deleted_at is null"), "payment_form = 'trueque'")

    def cuts(self, run: int) -> None:
        orders = self.pick("select id from raw.odoo_cut_order", 3)
        self.write(run, "cut_order", orders, f"state = 'done', executed_on = date '2026-10-15' - {self.draw.randrange(200)}")

    def meters(self, run: int) -> None:
        """Readings that turn from estimated to taken and back, or are of another meter, day, month or reader; meters and readers that change or go."""
        live = "select id from raw.odoo_reading where _deleted_at is null"
        self.write(run, "reading", self.pick(f"{live} and kind = 'estimated'", 3), "kind = 'real', value = previous_value + 7, read_at = billing_period + interval '9 days'")
        self.write(run, "reading", self.pick(f"{live} and kind = 'real'", 3), "kind = 'estimated', value = null, read_at = null")
        self.write(run, "reading", self.pick(f"{live} and kind = 'real'", 2), "meter_id = (select max(meter_id) from raw.odoo_reading), previous_value = previous_value - 1")
        self.write(run, "reading", self.pick(live, 2), "billing_period = billing_period - interval '1 month'")
        self.write(run, "reading", self.pick(f"{live} and read_at is not null", 2), "read_at = read_at - interval '3 days', reader_id = (select min(id) from raw.odoo_user)")
        self.copy(run, "reading", self.pick(live)[0], meter_id=95_000_000)
        meter = self.pick("select id from raw.odoo_meter where _deleted_at is null", 3)
        self.write(run, "meter", meter[:1], "digits = 2, diameter_mm = 25, installed_on = installed_on - 900")
        self.write(run, "meter", meter[1:2], "_deleted_at = clock_timestamp()")
        self.write(run, "meter", meter[2:], "retired_on = date '2026-06-15', active = false")
        if not self.conn.execute("select 1 from raw.odoo_meter where id = 95000000").fetchone() and self.draw.random() < 0.6:
            self.copy(run, "meter", meter[0], id=95_000_000, serial="LATE")
        self.write(run, "user", self.pick("select distinct reader_id from raw.odoo_reading where reader_id is not null"), f"name = 'Lector {run}'")
        self.write(run, "route", self.pick("select id from raw.odoo_route where _deleted_at is null"), "_deleted_at = clock_timestamp()")

    def ledger(self, run: int) -> None:
        """Entries by hand, some of which write debts off; accounts of another type, lines and payments that go from one entry to another; identifications
        put right; notes with another reason."""
        lines = self.pick("select id from raw.odoo_account_move_line where parent_state = 'posted'", 4)
        entry = self.copy(run, "account_move", self.invoices(1)[0], move_type="entry")
        written = [self.copy(run, "account_move_line", line, move_id=entry) for line in lines[:2]]
        # it writes debts off that somebody also paid for
        for partial in self.pick("select id from raw.odoo_account_partial_reconcile where _deleted_at is null", 2):
            self.copy(run, "account_partial_reconcile", partial, credit_move_id=written[0], amount=2)
        self.write(run, "account_move_line", lines[2:3], "parent_state = 'draft'")
        self.write(run, "account_move_line", lines[3:], "account_id = (select max(id) from raw.odoo_account), date = date - 35")
        self.write(run, "account", self.pick("select distinct account_id from raw.odoo_account_move_line where account_id is not null"), "account_type = 'asset_receivable'")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where _deleted_at is null"), "move_id = null")
        self.write(run, "journal", self.pick("select id from raw.odoo_journal where _deleted_at is null"), f"code = 'J{run}'")
        self.write(run, "customer", self.pick("select id from raw.odoo_customer where _deleted_at is null", 3), "vat = '131234567', l10n_latam_identification_type_id = null")
        notes = self.pick("select id from raw.odoo_account_move where move_type = 'out_refund' and _deleted_at is null", 4)
        self.write(run, "account_move", notes[:1], "reversed_entry_id = null")
        self.write(run, "account_move", notes[1:2], f"reversed_entry_id = {self.invoices(1)[0]}")
        self.write(run, "account_move", notes[2:3], "credit_reason = 'acuerdo'")
        self.write(run, "account_move", notes[3:], "credit_reason = null")
        self.write(run, "account_move", self.invoices(1), "cycle_id = null, billed_m3 = 0")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where payment_type = 'inbound' and _deleted_at is null"),
                   "payment_type = 'outbound'")

    def agreements(self, run: int) -> None:
        """Agreements that break, are fulfilled, signed on another day, by another contract or for another amount; that come, that go; instalments paid or not."""
        live = "select id from raw.odoo_agreement where _deleted_at is null"
        broken, fulfilled, other, gone = self.pick(live, 4)
        stamp = "write_date = clock_timestamp() at time zone 'UTC'"
        self.write(run, "agreement", [broken], f"state = 'broken', {stamp}")
        self.write(run, "agreement", [fulfilled], f"state = 'fulfilled', signed_on = signed_on - {self.draw.randrange(1, 90)}, {stamp}")
        self.write(run, "agreement", [other], "contract_id = (select max(id) from raw.odoo_contract where _deleted_at is null), amount = amount / 2")
        self.write(run, "agreement", [gone], "_deleted_at = clock_timestamp()")
        self.copy(run, "agreement", other, contract_id=self.pick("select distinct contract_id from raw.odoo_agreement")[0], signed_on="2026-05-20", state="active")
        instalments = self.pick("select id from raw.odoo_agreement_instalment where paid_on is not null and _deleted_at is null", 2)
        self.write(run, "agreement_instalment", instalments[:1], "paid_on = null")
        self.write(run, "agreement_instalment", instalments[1:], "paid_on = paid_on + 50")

    def cycles(self, run: int) -> None:
        """Bills, sectors and incidents that go from one cycle, month or reading to another; contracts that change their route; cycles that go."""
        live = "select id from raw.odoo_billing_cycle where _deleted_at is null"
        cycle, other, gone = self.pick(live, 3)
        self.write(run, "account_move", self.invoices(2), f"cycle_id = {cycle}")
        self.write(run, "account_move", self.pick("select id from raw.odoo_account_move where cycle_id is not null and state = 'posted'", 2),
                   "billing_period = billing_period - interval '1 month', ecf_state = 'rejected'")
        self.write(run, "billing_cycle", [cycle], "period = period - interval '1 month'")
        self.write(run, "billing_cycle", [other], f"sector_group = (select sector_group from raw.odoo_billing_cycle where id = {cycle})")
        self.write(run, "billing_cycle", [gone], "_deleted_at = clock_timestamp()")
        route = self.pick("select id from raw.odoo_route where _deleted_at is null")[0]
        self.write(run, "supply_point", self.pick("select id from raw.odoo_supply_point where _deleted_at is null", 2), f"route_id = {route}")
        readings = self.pick("select id from raw.odoo_reading where _deleted_at is null", 3)
        self.write(run, "reading", readings[:1], "consumption_m3 = null")
        incidents = self.pick("select id from raw.odoo_reading_incident where _deleted_at is null", 4)
        self.write(run, "reading_incident", incidents[:1], f"reading_id = {readings[1]}")
        self.write(run, "reading_incident", incidents[1:2], "state = 'resolved'")
        self.write(run, "reading_incident", incidents[2:3], "_deleted_at = clock_timestamp()")
        self.copy(run, "reading_incident", incidents[3], reading_id=readings[2], state="open")

    def deliveries(self, run: int) -> None:
        """Attempts that get through, fail, are of another bill, of one that nobody knows or of one older than all on record; use of the virtual office."""
        live = self.pick("select id from raw.odoo_bill_delivery where _deleted_at is null", 9)
        self.write(run, "bill_delivery", live[:2], "state = 'delivered', delivered_at = sent_at + interval '3 hours'")
        self.write(run, "bill_delivery", live[2:4], "state = 'bounced', reason = 'buzon_lleno', channel = 'email'")
        self.write(run, "bill_delivery", live[4:5], f"move_id = {self.invoices(1)[0]}")
        self.write(run, "bill_delivery", live[5:6], "move_id = 91000000, sent_at = null")
        self.write(run, "bill_delivery", live[6:7], "move_id = null")
        self.write(run, "bill_delivery", live[7:8], "_deleted_at = clock_timestamp()")
        old = self.conn.execute("select move_id from raw.odoo_bill_delivery where state = 'sent' and id = %s", [live[8]]).fetchone()
        first = self.pick("select id from raw.odoo_account_move where move_type = 'out_invoice' and state = 'posted' and invoice_date < date '2025-10-01'")
        for move in [*(old or ()), *first]:
            self.copy(run, "bill_delivery", live[8], move_id=move, state="failed")
        if self.draw.random() < 0.5:  # the source purges: what is on record begins later
            self.write(run, "bill_delivery", self.pick(
                "select id from raw.odoo_bill_delivery where sent_at < (select min(sent_at) + interval '40 days' from raw.odoo_bill_delivery where _deleted_at is null)",
                10**6), "_deleted_at = clock_timestamp()")
        used = self.pick("select id from raw.odoo_virtual_office_action where _deleted_at is null", 4)
        self.write(run, "virtual_office_action", used[:1], "result = 'failed'")
        self.write(run, "virtual_office_action", used[1:2], "happened_at = happened_at - interval '5 months'")
        self.write(run, "virtual_office_action", used[2:3], "_deleted_at = clock_timestamp()")
        self.copy(run, "virtual_office_action", used[3], contract_id=self.pick("select id from raw.odoo_contract where _deleted_at is null")[0], result="ok")

    def files(self, run: int) -> None:
        """Files of banks and collectors and their lines, which name other payments, come twice, move, go, or are of a file that comes late; the same of tills."""
        lines = self.pick("select id from raw.odoo_bank_remittance_line where payment_id is not null and _deleted_at is null", 8)
        payments = self.pick("select id from raw.odoo_account_payment where _deleted_at is null", 6)
        late = 96_000_000
        self.write(run, "bank_remittance_line", lines[:1], "_deleted_at = clock_timestamp()")
        self.write(run, "bank_remittance_line", lines[1:2], f"payment_id = {payments[0]}, state = 'matched'")
        self.write(run, "bank_remittance_line", lines[2:3], "payment_id = null, paid_on = null, state = 'unmatched'")
        self.write(run, "bank_remittance_line", lines[3:4], "payment_id = 90000000, contract_id = 90000000")
        self.write(run, "bank_remittance_line", lines[4:5], f"remittance_id = {late}, amount = amount + 3")
        self.write(run, "bank_remittance_line", lines[5:6], f"remittance_id = (select min(id) from raw.odoo_bank_remittance), state = 'rejected', contract_id = {late}")
        self.copy(run, "bank_remittance_line", lines[6])
        self.copy(run, "bank_remittance_line", lines[7], payment_id=payments[1], state="matched")
        files = self.pick("select id from raw.odoo_bank_remittance where _deleted_at is null", 5)
        self.write(run, "bank_remittance", files[:1], "received_on = received_on + 40")
        self.write(run, "bank_remittance", files[1:2], "date_from = date_from - 20, total_amount = total_amount + 1")
        self.write(run, "bank_remittance", files[2:3], "_deleted_at = clock_timestamp()")
        self.write(run, "bank_remittance", files[3:4], "collector_id = null, journal_id = (select max(id) from raw.odoo_journal)")
        if not self.conn.execute("select 1 from raw.odoo_bank_remittance where id = %s", [late]).fetchone() and self.draw.random() < 0.6:
            self.copy(run, "bank_remittance", files[4], id=late)
        elif not self.conn.execute("select 1 from raw.odoo_account_payment where id = 90000000").fetchone():
            self.copy(run, "account_payment", payments[2], id=90_000_000, move_id=None)
        self.write(run, "account_payment", payments[3:4], "journal_id = (select max(id) from raw.odoo_journal)")
        self.write(run, "account_payment", payments[4:5], "session_id = (select max(id) from raw.odoo_cash_session)")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where session_id is not null", 2), "session_id = null, amount = amount + 1")
        self.write(run, "account_payment", self.pick("select id from raw.odoo_account_payment where reversal_of_id is not null"), f"reversal_of_id = {payments[5]}")
        sessions = self.pick("select id from raw.odoo_cash_session where _deleted_at is null", 4)
        self.write(run, "cash_session", sessions[:1], "state = 'opened'")
        self.write(run, "cash_session", sessions[1:2], f"config_id = {late}, cash_journal_id = null")
        self.write(run, "cash_session", sessions[2:3], "_deleted_at = clock_timestamp()")
        self.write(run, "cash_session", sessions[3:], "cash_register_balance_start = cash_register_balance_start + 5")
        register = self.pick("select id from raw.odoo_cash_register where _deleted_at is null")
        self.write(run, "cash_register", register, "name = name || ' bis', collector_id = (select max(id) from raw.odoo_collector)")
        if not self.conn.execute("select 1 from raw.odoo_cash_register where id = %s", [late]).fetchone() and self.draw.random() < 0.6:
            self.copy(run, "cash_register", register[0], id=late)

    def to_and_fro(self, run: int, amount: int) -> None:
        """Amounts of the rows that were the newest at the first call go up; called again with as much less they are what they were."""
        for table, column, which in (
                ("account_move_line", "price_subtotal", "display_type = 'product' and move_id in (select id from raw.odoo_account_move where move_type = 'out_invoice')"),
                ("account_payment", "amount", "state = 'paid' and payment_type = 'inbound'"),
                ("reading", "consumption_m3", "kind = 'real'"),
                ("bank_remittance_line", "amount", "state = 'matched'")):
            if table not in self.newest:
                self.newest[table] = self.conn.execute(f"select max(id) from raw.odoo_{table} where {which} and _deleted_at is null").fetchone()[0]
            self.write(run, table, [self.newest[table]], f"{column} = {column} + {amount}")

    def all(self, run: int) -> None:
        for change in (self.late_invoices, self.deletions, self.reopened, self.moved, self.money, self.strangers, self.catalogues, self.cuts, self.meters, self.ledger,
                       self.agreements, self.cycles, self.deliveries, self.files):
            change(run)
