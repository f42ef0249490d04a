"""The reports over the tiny utility's published marts: figures to the cent, versions, stale data, refused documents."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import psycopg
import pytest
from psycopg.rows import dict_row
from pypdf import PdfReader
from typer.testing import CliRunner

import reports
from caudal import semantic, warehouse
from reports import config, dgii_607, monthly_collections, status
from reports.cli import app
from reports.dgii_607 import layout, reading, validator
from reports.errors import ConfigError, FiguresDisagree, PeriodError
from reports.monthly_collections import figures

MONTH = date(2026, 10, 1)


@pytest.fixture
def owner(built: object) -> Iterator[psycopg.Connection]:
    with warehouse.connect(autocommit=True) as conn:
        yield conn


@pytest.fixture(autouse=True)
def _leaves_no_trace(owner: psycopg.Connection) -> Iterator[None]:
    marks = {table: owner.execute(f"select coalesce(max({key}), 0) from ops.{table}").fetchone()[0]
             for table, key in (("report_file", "report_file_id"), ("quarantine", "id"), ("build", "build_id"))}
    yield
    owner.execute("delete from ops.report_file where report_file_id > %s", [marks["report_file"]])
    owner.execute("delete from ops.quarantine where id > %s and source = 'dgii_607'", [marks["quarantine"]])
    owner.execute("delete from ops.build where build_id > %s", [marks["build"]])


def _made(tmp_path: Path, *only: str) -> dict[str, reports.archive.ReportFile]:
    return {file.path.name.removeprefix("DGII_F_607_430000019_202610"): file for file in reports.generate(MONTH, only or None, tmp_path)}


def _sheets(file) -> dict[str, list[list]]:
    """Rows of each sheet from its table's header on; the header is the first."""
    book = openpyxl.load_workbook(BytesIO(file.path.read_bytes()))
    return {name: [list(row) for row in book[name].iter_rows(min_row=6, values_only=True)] for name in book.sheetnames}


def _pdf(file) -> str:
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(file.path.read_bytes())).pages)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _cents(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.01"))


def test_the_workbook_says_what_the_warehouse_says_to_the_cent(owner: psycopg.Connection, tmp_path: Path) -> None:
    files = _made(tmp_path, "monthly_collections")
    sheets = _sheets(files["recaudacion_mensual_2026-10.xlsx"])
    net, count = owner.execute(
        "select sum(payment_amount), count(*) filter (where payment_amount > 0) from marts.fct_payment where paid_on between '2026-10-01' and '2026-10-31'"
    ).fetchone()
    assert net > 0 and count > 10
    for name, keys in (("Por canal", 1), ("Por municipio", 1), ("Por sector", 2), ("Por tipo de usuario", 1), ("Por cobrador", 1), ("Por forma de pago", 1), ("Por día", 1)):
        header, *rows = sheets[name]
        total = next(row for row in rows if row[0] == "Total")
        lines = rows[:rows.index(total)]
        assert header[keys:keys + 2] == ["Pagos", "Recaudado"]
        assert (total[keys], _cents(total[keys + 1])) == (count, net)
        assert sum(_cents(row[keys + 1]) for row in lines) == net and sum(row[keys] for row in lines) == count
    assert len(sheets["Por día"]) == 1 + 31 + 1
    channels = dict(owner.execute(
        "select channel, sum(payment_amount) from marts.fct_payment where paid_on between '2026-10-01' and '2026-10-31' group by 1").fetchall())
    printed = {row[0]: _cents(row[2]) for row in sheets["Por canal"][1:] if row[0] in channels}
    assert printed == channels and len(channels) > 1


def test_the_indicators_are_the_semantic_layers(owner: psycopg.Connection, tmp_path: Path) -> None:
    files = _made(tmp_path, "monthly_collections")
    rows = {row[0]: row for row in _sheets(files["recaudacion_mensual_2026-10.xlsx"])["Resumen"]}
    layer = semantic.load()
    months = (MONTH, date(2026, 9, 1), date(2025, 10, 1))
    for name in figures.METRICS:
        metric = layer.metric(name)
        row = next(row for label, row in rows.items() if label and label.split(" (")[0] == metric.label_es)
        for column, month in zip((1, 2, 4), months, strict=True):
            value = semantic.fetch(owner, name, where={"period_month": month})[0][name]
            if value is None:  # no annual billing before there are twelve months
                assert (name, row[column]) == ("average_collection_days", "n/d")
            elif metric.unit == "RD$":
                assert _cents(row[column]) == value
            else:
                assert row[column] == pytest.approx(float(value), abs=1e-12)
    assert rows["Recaudación"][3] == pytest.approx(rows["Recaudación"][1] / rows["Recaudación"][2] - 1)


def test_the_pdf_prints_the_same_totals(tmp_path: Path) -> None:
    files = _made(tmp_path, "monthly_collections")
    text = _pdf(files["recaudacion_mensual_2026-10.pdf"])
    totals = files["recaudacion_mensual_2026-10.pdf"].totals
    collected = f"RD$ {Decimal(totals['collected_amount']):,.2f}"
    assert text.count(collected) >= 16  # the KPI, the balance and the total of each section
    for name in ("billed_amount", "receivable_amount", "overdue_amount"):
        assert f"RD$ {Decimal(totals[name]):,.2f}" in text
    assert "octubre de 2026" in text and "Datos al 15/11/2026" in text and "ATENCIÓN" not in text
    assert "Acueducto y Alcantarillado de Moca" in text


FIRST_OF = "where ctid = (select min(ctid) from marts.mart_collections__daily where period_month = '{}')"
SOME_PAYMENT = "where payment_key = (select min(payment_key) from marts.fct_payment where paid_on between '2026-10-05' and '2026-10-20')"
CHANGES = {
    "a cent": ("update marts.mart_collections__daily set collected_amount = collected_amount + 0.01 " + FIRST_OF.format("2026-10-01"),
               r"Recaudación por canal: RD\$ .* en vez de RD\$"),
    "a payment": ("update marts.mart_collections__daily set payments_count = payments_count + 1 " + FIRST_OF.format("2026-10-01"),
                  "Recaudación por día: pagos: "),
    "a cent of the month before": ("update marts.mart_collections__daily set collected_amount = collected_amount - 0.01 " + FIRST_OF.format("2026-09-01"),
                                   "mes anterior"),
    "an application": (f"update marts.fct_payment set unapplied_amount = unapplied_amount + 0.01 {SOME_PAYMENT}", "Aplicado más sin aplicar"),
}


@pytest.mark.parametrize(("change", "section"), CHANGES.values(), ids=CHANGES)
def test_figures_that_do_not_agree_stop_the_report(built: object, change: str, section: str) -> None:
    with warehouse.connect() as conn:
        now = status.read(conn)
        monthly_collections.produce(conn, MONTH, now)  # sound before the change
        assert conn.execute(change).rowcount == 1
        with pytest.raises(FiguresDisagree, match=section):
            monthly_collections.produce(conn, MONTH, now)
        conn.rollback()


def test_the_same_data_give_the_same_bytes_and_no_new_version(tmp_path: Path) -> None:
    first = _made(tmp_path / "one")
    again = _made(tmp_path / "two")  # the files are not there: rendered and written anew
    assert {name: file.path.read_bytes() for name, file in first.items()} == {name: file.path.read_bytes() for name, file in again.items()}
    assert {file.version for file in again.values()} == {file.version for file in first.values()} and not any(file.is_new for file in again.values())


def test_a_file_altered_by_hand_is_put_back(tmp_path: Path) -> None:
    file = _made(tmp_path, "dgii_607")[".TXT"]
    content = file.path.read_bytes()
    file.path.write_bytes(content.replace(b"|01|", b"|02|"))
    assert _made(tmp_path, "dgii_607")[".TXT"].path.read_bytes() == content


def test_stale_data_are_told_on_the_face_and_make_a_version_of_their_own(owner: psycopg.Connection, tmp_path: Path) -> None:
    fresh = _made(tmp_path, "monthly_collections")["recaudacion_mensual_2026-10.pdf"]
    owner.execute("insert into ops.build (status, ended_at, failed_tests) values ('failed', now(), '[\"una prueba\"]')")
    stale = _made(tmp_path)
    assert all(file.is_stale for file in stale.values())
    pdf, xlsx = stale["recaudacion_mensual_2026-10.pdf"], stale["recaudacion_mensual_2026-10.xlsx"]
    assert pdf.version == fresh.version + 1 and pdf.is_new
    assert "ATENCIÓN: los datos mostrados son los del" in _pdf(pdf)
    assert openpyxl.load_workbook(xlsx.path)["Por sector"]["A4"].value.startswith("ATENCIÓN: los datos mostrados")
    assert stale["_RESUMEN.csv"].path.read_text("utf-8-sig").startswith("ATENCIÓN,")
    kept = tmp_path / "2026-10" / "anteriores" / f"v{fresh.version}_{fresh.path.name}"
    assert "ATENCIÓN" not in "".join(page.extract_text() for page in PdfReader(kept).pages)
    result = CliRunner().invoke(app, ["generate", "--only", "monthly_collections"])
    assert "ATENCIÓN" in result.output


def test_marts_that_no_build_published_say_so(built: object) -> None:
    with warehouse.connect() as conn:
        conn.execute("update ops.build set promoted_at = null")
        now = status.read(conn)
        documents = monthly_collections.produce(conn, MONTH, now).documents
        conn.rollback()
    assert now.needs_warning and "Todavía no se ha publicado ningún dato." in PdfReader(BytesIO(documents[1].content)).pages[0].extract_text()


def test_the_607_declares_every_document_and_passes_its_validator(owner: psycopg.Connection, tmp_path: Path) -> None:
    files = _made(tmp_path, "dgii_607")
    txt, summary = files[".TXT"], files["_RESUMEN.csv"]
    assert validator.validate_file(txt.path) == [] and stat.S_IMODE(txt.path.stat().st_mode) == 0o600
    lines = txt.path.read_bytes().split(b"\r\n")
    assert lines[0] == f"607|430000019|202610|{txt.row_count}".encode() and len(lines) == txt.row_count + 2
    issued = owner.execute("select count(*), sum(total_amount) from marts.fct_invoice where state = 'posted' and issued_on between '2026-10-01' and '2026-10-31'").fetchone()
    assert txt.row_count + int(txt.totals["rejected"]) + summary.row_count == issued[0]
    with owner.cursor(row_factory=dict_row) as cursor:
        rows = {row["fiscal_number"]: row for row in cursor.execute("select * from marts.mart_dgii__607 where period_month = %s", [MONTH])}
    assert txt.row_count > 0
    for line in lines[1:-1]:
        parts = line.decode("ascii").split("|")
        row = rows[parts[2]]
        assert (Decimal(parts[7]), Decimal(parts[19] or 0), parts[5]) == (row["billed_amount"], row["credit_amount"], f"{row['issued_on']:%Y%m%d}")
    small = owner.execute("select documents_count, billed_amount from marts.mart_dgii__607_summary where period_month = %s", [MONTH]).fetchone()
    text = summary.path.read_text("utf-8-sig")
    assert f"Cantidad de NCF,{small[0]}\n" in text and f"Monto facturado sin impuestos,{small[1]}\n" in text


def test_a_refused_document_is_left_out_listed_and_quarantined_until_it_is_mended(owner: psycopg.Connection, tmp_path: Path) -> None:
    before = _made(tmp_path, "dgii_607")[".TXT"]
    fiscal_number = before.path.read_text("ascii").splitlines()[1].split("|")[2]
    where = "where fiscal_number = %s and period_month = '2026-10-01'"
    customer = owner.execute(f"select customer_id from marts.mart_dgii__607 {where}", [fiscal_number]).fetchone()[0]

    def waiting() -> list:
        return owner.execute("select field, payload ->> 'period', reason from ops.quarantine where source = 'dgii_607' and record_id = %s and resolved_at is null",
                             [fiscal_number]).fetchall()

    assert waiting() == []
    owner.execute(f"update marts.mart_dgii__607 set customer_id = '1-30-12345-4', customer_id_type = '1' {where}", [fiscal_number])
    kind = "2" if customer and len(customer) == 11 else "1" if customer else "3"
    try:
        files = _made(tmp_path, "dgii_607")
        _made(tmp_path, "dgii_607")  # a second run adds nothing
        assert fiscal_number not in files[".TXT"].path.read_text("ascii") and files[".TXT"].status == "observado"
        assert validator.validate_file(files[".TXT"].path) == []
        errors = files["_ERRORES.csv"].path.read_text("utf-8-sig")
        assert fiscal_number in errors and "sin guiones ni espacios" in errors and "ficha del cliente" in errors
        assert [(field, month) for field, month, _ in waiting()] == [("customer_id", "2026-10")]
        assert "1-30-12345-4" not in waiting()[0][2]  # no identity in ops
        result = CliRunner().invoke(app, ["generate", "--period", "2026-10", "--only", "dgii_607"])
        assert result.exit_code == 2 and "OBSERVADO" in result.output and "_ERRORES.csv" in result.output
    finally:
        owner.execute(f"update marts.mart_dgii__607 set customer_id = %s, customer_id_type = %s {where}", [customer, kind, fiscal_number])
    after = _made(tmp_path, "dgii_607")
    assert after[".TXT"].path.read_bytes() == (tmp_path / "2026-10" / "anteriores" / f"v{before.version}_{before.path.name}").read_bytes()
    assert after[".TXT"].version == before.version + 2 and waiting() == []
    if "_ERRORES.csv" not in after:
        assert not (tmp_path / "2026-10" / f"{before.path.stem}_ERRORES.csv").exists()


def test_a_document_that_is_in_no_file_stops_the_607(built: object) -> None:
    with warehouse.connect() as conn:
        now = status.read(conn)
        conn.execute("delete from marts.mart_dgii__607 where period_month = %s and line_number = 1", [MONTH])
        with pytest.raises(FiguresDisagree, match="se emitieron"):
            dgii_607.produce(conn, MONTH, now)
        conn.rollback()


def test_a_month_without_sales_is_declared_with_zero(owner: psycopg.Connection) -> None:
    nothing = reading.Month([], 0, dict.fromkeys(("billed_amount", "cash_amount"), Decimal(0)), 0, Decimal(0))
    output = dgii_607.compose(nothing, MONTH, config.site(), status.read(owner))
    assert output.documents[0].content == b"607|430000019|202610|0\r\n"
    assert [document.format for document in output.documents] == ["txt", "csv"]


@pytest.mark.parametrize(("value", "reason"), [("4-30-00001-9", "sin guiones"), ("430000018", "dígito verificador"), ("4309", "dígito verificador o su largo")])
def test_a_wrong_rnc_of_the_declarer_writes_nothing(built: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, reason: str) -> None:
    monkeypatch.setenv("CAUDAL_RNC", value)
    with pytest.raises(ConfigError, match=f"CAUDAL_RNC.*{reason}"):
        reports.generate(MONTH, ["dgii_607"], tmp_path)
    assert not list(tmp_path.rglob("*.TXT"))


def test_the_declarer_may_come_from_the_environment(built: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUDAL_RNC", "101850043")
    assert any(file.path.name == "DGII_F_607_101850043_202610.TXT" for file in reports.generate(MONTH, ["dgii_607"], tmp_path))


def test_months_that_cannot_be_reported(built: object, tmp_path: Path) -> None:
    with pytest.raises(PeriodError, match="no ha cerrado"):
        reports.generate(date(2026, 11, 1), None, tmp_path)
    with pytest.raises(PeriodError, match="El almacén no tiene datos de enero de 2001"):
        reports.generate(date(2001, 1, 1), None, tmp_path)
    for arguments, message in ((["--period", "2026-13"], "no es un mes válido"), (["--only", "606"], "No existe el reporte")):
        result = CliRunner().invoke(app, ["generate", *arguments])
        assert result.exit_code == 1 and message in result.output


def test_the_default_month_is_the_last_closed_one(built: object, tmp_path: Path) -> None:
    assert {file.period_month for file in reports.generate(root=tmp_path)} == {MONTH}


def test_validate_on_the_command_line(tmp_path: Path) -> None:
    good = tmp_path / "DGII_F_607_430000019_202610.TXT"
    good.write_bytes(b"607|430000019|202610|0\r\n")
    assert CliRunner().invoke(app, ["validate", str(good)]).exit_code == 0
    good.write_bytes(b"607|430000019|202610|1\r\n")
    result = CliRunner().invoke(app, ["validate", str(good)])
    assert result.exit_code == 1 and "Línea 1, campo 4 (Cantidad de registros): El encabezado dice 1 registros y hay 0." in result.output


def test_a_run_is_recorded(owner: psycopg.Connection, tmp_path: Path) -> None:
    _made(tmp_path, "dgii_607")
    row = owner.execute("select status, details ->> 'period', rows_read from ops.run where pipeline = 'reports' and entity = 'dgii_607' order by run_id desc limit 1").fetchone()
    assert row[:2] == ("ok", "2026-10") and row[2] == len(list(reading.rows(owner, MONTH, layout.load())))
