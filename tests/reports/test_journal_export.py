"""The monthly close over the tiny utility's published marts: exported once, in order, adjusted later; and the accountant's workbook."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from typer.testing import CliRunner

import reports
from caudal import warehouse
from reports.cli import app
from reports.errors import FiguresDisagree, PeriodChanged, PeriodError, ReportError
from reports.journal_entry.export import export, reopen

AUGUST, SEPTEMBER, OCTOBER = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)
LATER = """update marts.mart_accounting__journal_entry set {side}_amount = {side}_amount + 10
           where period_month = '2026-08-01' and movement_kind = 'billed' and concept_code = '{concept}'"""


@pytest.fixture
def owner(built: object) -> Iterator[psycopg.Connection]:
    with warehouse.connect(autocommit=True) as conn:
        conn.execute("create temporary table entry_before as table marts.mart_accounting__journal_entry")
        conn.execute("create temporary table month_before as table marts.mart_accounting__month")
        marks = {table: conn.execute(f"select coalesce(max({key}), 0) from ops.{table}").fetchone()[0]
                 for table, key in (("report_file", "report_file_id"), ("build", "build_id"))}
        yield conn
        for mart, before in (("mart_accounting__journal_entry", "entry_before"), ("mart_accounting__month", "month_before")):
            conn.execute(f"delete from marts.{mart}")
            conn.execute(f"insert into marts.{mart} select * from {before}")
        conn.execute("delete from ops.accounting_period")
        conn.execute("delete from ops.accounting_period_event")
        conn.execute("delete from ops.report_file where report_file_id > %s", [marks["report_file"]])
        conn.execute("delete from ops.build where build_id > %s", [marks["build"]])


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def total(lines: list[dict[str, str]], side: str) -> Decimal:
    return sum((Decimal(line[side] or 0) for line in lines), Decimal(0))


def events(owner: psycopg.Connection) -> list[tuple]:
    return owner.execute("select kind, period_month, by_whom, reason from ops.accounting_period_event order by event_id").fetchall()


def a_later_change(owner: psycopg.Connection) -> None:
    """August bills ten pesos more of water than when it was exported."""
    for side, concept in (("debit", "CXC"), ("credit", "AGUA")):
        assert owner.execute(LATER.format(side=side, concept=concept)).rowcount == 1


def test_the_first_export_closes_the_month_with_what_was_billed_and_collected(owner: psycopg.Connection, tmp_path: Path) -> None:
    made = export(AUGUST, by="Ana Pérez", root=tmp_path)
    content = made.file.path.read_bytes()
    lines = rows(content)
    billed, credited, collected = owner.execute(
        """select sum(total_amount) filter (where sign = 1), coalesce(sum(total_amount) filter (where sign = -1), 0),
               (select sum(payment_amount) from marts.fct_payment where paid_on between '2026-08-01' and '2026-08-31')
           from marts.fct_invoice where state = 'posted' and issued_on between '2026-08-01' and '2026-08-31'""").fetchone()
    assert min(billed, credited, collected) > 0
    assert total(lines, "Débito") == total(lines, "Crédito") == billed + credited + collected == made.period.total
    receivable = [line for line in lines if line["Referencia"] == "2026-08/CXC"]
    assert [Decimal(line["Débito"] or line["Crédito"]) for line in receivable] == [billed, credited, collected]
    assert {line["Asiento"] for line in lines} == {"CAU-2026-08"} and {line["Fecha"] for line in lines} == {"31/08/2026"}
    assert made.is_new and made.file.path == tmp_path / "2026-08" / "asiento_2026-08.csv"
    row = owner.execute("select status, entry_number, content, total_debit, total_credit, exported_by, exported_at is not null from ops.accounting_period")
    assert row.fetchall() == [("exported", "CAU-2026-08", content, made.period.total, made.period.total, "Ana Pérez", True)]
    assert events(owner) == [("exported", AUGUST, "Ana Pérez", None)]


def test_a_second_call_gives_the_same_file_and_writes_none(owner: psycopg.Connection, tmp_path: Path) -> None:
    first = export(AUGUST, by="Ana", root=tmp_path)
    before = first.file.path.stat()
    again = export(AUGUST, by="Luis", root=tmp_path)
    after = again.file.path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert not again.is_new and again.period.exported_by == "Ana" and again.file.version == 1
    assert len(events(owner)) == 1
    first.file.path.unlink()
    assert export(AUGUST, by="Luis", root=tmp_path).file.path.read_bytes() == first.period.content


def test_two_at_once_export_once(owner: psycopg.Connection, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda who: export(AUGUST, by=who, root=tmp_path), ["Ana", "Luis"]))
    assert sorted(m.is_new for m in made) == [False, True]
    assert made[0].file.sha256 == made[1].file.sha256 and len(events(owner)) == 1


def test_killed_before_the_file_was_written_the_same_bytes_come_later(owner: psycopg.Connection, tmp_path: Path) -> None:
    (tmp_path / "2026-08").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        export(AUGUST, by="Ana", root=tmp_path)
    [(status, content)] = owner.execute("select status, content from ops.accounting_period").fetchall()
    assert status == "closed" and not events(owner)
    (tmp_path / "2026-08").unlink()
    made = export(AUGUST, by="Luis", root=tmp_path)
    assert made.file.path.read_bytes() == content and made.period.status == "exported"
    assert events(owner) == [("exported", AUGUST, "Ana", None)]


def test_what_changes_later_is_refused_and_goes_into_the_next_entry(owner: psycopg.Connection, tmp_path: Path) -> None:
    first = export(AUGUST, by="Ana", root=tmp_path)
    a_later_change(owner)
    with pytest.raises(PeriodChanged) as refused:
        export(AUGUST, by="Luis", root=tmp_path)
    said = str(refused.value)
    assert "11030201 Cuentas por cobrar clientes: RD$ 10.00 al debe" in said and "41010100 Ingresos por agua potable: RD$ 10.00 al haber" in said
    assert "septiembre de 2026 (2026-09)" in said and "Ajuste de agosto de 2026: Facturación, Agua potable" in said
    assert first.file.path.read_bytes() == first.period.content
    assert [(kind, by) for kind, _, by, _ in events(owner)] == [("exported", "Ana"), ("refused", "Luis")]

    september = export(SEPTEMBER, by="Ana", root=tmp_path)
    lines = rows(september.file.path.read_bytes())
    adjusting = [line for line in lines if line["Descripción"].startswith("Ajuste de agosto")]
    assert [(line["Cuenta"], line["Débito"], line["Crédito"], line["Referencia"]) for line in adjusting] == [
        ("11030201", "10.00", "", "2026-08/CXC"), ("41010100", "", "10.00", "2026-08/AGUA")]
    assert lines[-2:] == adjusting and total(lines, "Débito") == total(lines, "Crédito")
    assert not export(AUGUST, by="Ana", root=tmp_path).is_new, "August with its adjustment is what the data say"
    assert len(export(OCTOBER, by="Ana", root=tmp_path).period.adjustments) == 0, "and is not adjusted twice"


def test_months_go_in_order(owner: psycopg.Connection, tmp_path: Path) -> None:
    export(AUGUST, by="Ana", root=tmp_path)
    for wrong in (OCTOBER, date(2026, 7, 1)):
        with pytest.raises(PeriodError, match=r"Toca exportar septiembre de 2026"):
            export(wrong, by="Ana", root=tmp_path)
    with pytest.raises(PeriodError, match="no ha cerrado"):
        export(date(2026, 11, 1), by="Ana", root=tmp_path)


def test_opening_again_is_for_the_last_month_and_recorded(owner: psycopg.Connection, tmp_path: Path) -> None:
    export(AUGUST, by="Ana", root=tmp_path)
    first = export(SEPTEMBER, by="Ana", root=tmp_path)
    with pytest.raises(PeriodError, match="por qué"):
        reopen(SEPTEMBER, reason="  ", by="Luis")
    with pytest.raises(PeriodError, match="el último exportado es septiembre"):
        reopen(AUGUST, reason="faltaba una nota de crédito", by="Luis")
    reopen(SEPTEMBER, reason="faltaba una nota de crédito", by="Luis")
    assert events(owner)[-1] == ("reopened", SEPTEMBER, "Luis", "faltaba una nota de crédito")
    again = export(SEPTEMBER, by="Ana", root=tmp_path)
    assert again.is_new and again.period.number == "CAU-2026-09-2" and again.file.version == 2
    assert (tmp_path / "2026-09" / "anteriores" / "v1_asiento_2026-09.csv").read_bytes() == first.period.content


def test_an_entry_out_of_balance_or_old_data_are_not_exported(owner: psycopg.Connection, tmp_path: Path) -> None:
    owner.execute(LATER.format(side="debit", concept="CXC"))
    with pytest.raises(FiguresDisagree, match=r"Facturación: RD\$ 10\.00"):
        export(AUGUST, by="Ana", root=tmp_path)
    owner.execute("insert into ops.build (status, ended_at, failed_tests) values ('failed', now(), '[\"x\"]')")
    with pytest.raises(ReportError, match="ATENCIÓN"):
        export(SEPTEMBER, by="Ana", root=tmp_path)
    assert owner.execute("select count(*) from ops.accounting_period").fetchone() == (0,)
    assert not list(tmp_path.rglob("*.csv"))


def test_the_command_says_what_it_did(owner: psycopg.Connection, home: Path) -> None:
    run = CliRunner().invoke
    told = run(app, ["journal", "--period", "2026-08", "--by", "Ana Pérez"])
    assert told.exit_code == 0 and "Asiento CAU-2026-08" in told.output and "queda cerrado" in told.output
    told = run(app, ["journal", "--period", "2026-08"])
    assert told.exit_code == 0 and "Ya estaba exportado" in told.output and "Ana Pérez" in told.output
    a_later_change(owner)
    told = run(app, ["journal", "--period", "2026-08"])
    assert told.exit_code == 1 and "RD$ 10.00 al debe" in told.output
    assert run(app, ["journal", "--reopen"]).exit_code == 1
    told = run(app, ["journal", "--period", "2026-08", "--reopen", "--reason", "se exportó antes de tiempo"])
    assert told.exit_code == 0 and "CAU-2026-08" in told.output
    (home / "reports" / "2026-08" / "asiento_2026-08.csv").unlink()


# ---------- the workbook

def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    return {name: list(book[name].iter_rows(min_row=7, values_only=True)) for name in book.sheetnames}


def workbook(tmp_path: Path, month: date = AUGUST) -> dict[str, list[tuple[Any, ...]]]:
    [file] = reports.generate(month, ["journal_entry"], tmp_path)
    return sheets(file.path)


def test_generating_reports_exports_nothing(owner: psycopg.Connection, tmp_path: Path) -> None:
    made = {file.path.name for file in reports.generate(OCTOBER, None, tmp_path)}
    assert "cierre_contable_2026-10.xlsx" in made and not any(name.startswith("asiento") for name in made)
    assert owner.execute("select count(*) from ops.accounting_period").fetchone() == (0,)


def test_the_ledger_is_what_was_billed_and_collected_in_every_month(owner: psycopg.Connection) -> None:
    months, off, kinds = owner.execute(
        "select count(distinct period_month), sum(abs(difference_amount)), count(distinct movement_kind) from marts.mart_accounting__month").fetchone()
    assert (months, off, kinds) == (14, Decimal("0.00"), 3)
    rolled = owner.execute(
        """select period_month, sum(closing_amount), sum(difference_amount), sum(opening_amount),
               lag(sum(closing_amount), 1, 0.00) over (order by period_month),
               (select sum(receivable_amount) from marts.fct_receivable_month as r where r.period_month = m.period_month)
               - (select coalesce(sum(credit_balance_amount), 0) from marts.fct_credit_balance_month as c where c.period_month = m.period_month)
           from marts.mart_accounting__receivable_month as m group by 1""").fetchall()
    assert len(rolled) == 14 and rolled[-1][1] > 0
    for month, closing, difference, opening, before, aged in rolled:
        assert (difference, opening, closing) == (0, before, aged), month


def test_the_workbook_adds_up(owner: psycopg.Connection, tmp_path: Path) -> None:
    found = workbook(tmp_path)
    assert list(found) == ["Resumen", "Ingresos e impuestos", "Caja y bancos", "Cuentas por cobrar", "Asiento", "Diferencias", "Ajustes"]
    summary = {row[0]: row[1:] for row in found["Resumen"] if row[0]}
    billed, credited = owner.execute(
        """select sum(total_amount) filter (where sign = 1), sum(total_amount) filter (where sign = -1)
           from marts.fct_invoice where state = 'posted' and issued_on between '2026-08-01' and '2026-08-31'""").fetchone()
    assert summary["Total facturado"] == summary["Cargado a cuentas por cobrar"] == (float(billed), float(billed), 0)
    assert summary["Total de notas de crédito"] == (float(credited), float(credited), 0)
    total_row = next(row for row in found["Ingresos e impuestos"] if row[0] == "Total")
    assert total_row[3:5] == (float(billed), -float(credited)) and total_row[-1] == 0
    roll = next(row for row in found["Cuentas por cobrar"] if row[0] == "Total")
    assert sum(Decimal(repr(v)) for v in roll[2:7]) == Decimal(repr(roll[7])) == Decimal(repr(roll[8]))
    debit, credit = next(row for row in found["Asiento"] if row[1] == "Total")[4:]
    assert debit == credit > 0
    assert found["Diferencias"][0][0] == "Ninguna" and found["Ajustes"][0][0] == "Ninguno"
    assert any("todavía no se ha exportado" in str(row[0]) for row in found["Resumen"])


def test_the_workbook_shows_a_cent_and_what_is_to_be_adjusted(owner: psycopg.Connection, tmp_path: Path) -> None:
    export(AUGUST, by="Ana", root=tmp_path)
    a_later_change(owner)
    owner.execute("""update marts.mart_accounting__month set ledger_amount = ledger_amount - 0.01, difference_amount = 0.01
                     where period_month = '2026-08-01' and concept_code = 'AGUA' and movement_kind = 'billed'""")
    found = workbook(tmp_path)
    assert [(row[1], row[4], row[7]) for row in found["Diferencias"][:1]] == [("41010100", "Facturación", 0.01)]
    assert [(row[0], row[1]) for row in found["Ajustes"][:2]] == [("agosto de 2026", "11030201"), ("agosto de 2026", "41010100")]
    assert any("CAU-2026-08" in str(row[0]) and "Ana" in str(row[0]) for row in found["Resumen"])
