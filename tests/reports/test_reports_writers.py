"""Numbers for people and for cells, months, and what the writers do with a table."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from reports import period
from reports.errors import InexactNumber, PeriodError
from reports.writers import numbers, pdf, sheet_csv, xlsx
from reports.writers.table import Cell, Column, Heading, Table

CENTS = st.decimals(min_value=Decimal("-9999999999999.99"), max_value=Decimal("9999999999999.99"), places=2, allow_nan=False, allow_infinity=False)


@settings(max_examples=300, deadline=None)
@given(CENTS)
def test_a_cell_holds_the_amount_to_the_cent(amount: Decimal) -> None:
    assert Decimal(repr(numbers.cell(amount))).quantize(Decimal("0.01")) == amount


@pytest.mark.parametrize("amount", ["90071992547409.93", "0.001"])
def test_an_amount_without_an_exact_cell_is_refused(amount: str) -> None:
    with pytest.raises(InexactNumber):
        numbers.cell(Decimal(amount))


@pytest.mark.parametrize(("amount", "text"), [
    ("1234.5", "RD$ 1,234.50"), ("-1234567.895", "-RD$ 1,234,567.90"), ("0", "RD$ 0.00"), ("-0.001", "RD$ 0.00"), ("0.125", "RD$ 0.13")])
def test_money_as_dominicans_read_it(amount: str, text: str) -> None:
    assert numbers.money(Decimal(amount)) == text


def test_a_missing_figure_is_not_a_zero() -> None:
    assert (numbers.money(None), numbers.percent(None), numbers.percent(Decimal("0.8534"))) == ("n/d", "n/d", "85.3 %")


def test_months() -> None:
    assert period.parse("2026-10") == period.parse("202610") == date(2026, 10, 1)
    assert period.name(date(2026, 10, 1)) == "octubre de 2026"
    assert period.last_closed(date(2026, 1, 31)) == date(2025, 12, 1)
    assert period.closed(date(2026, 10, 17), date(2026, 11, 1)) == date(2026, 10, 1)
    assert period.shift(date(2026, 1, 1), -12) == date(2025, 1, 1)
    assert period.end_of(date(2028, 2, 1)) == date(2028, 2, 29)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-10", "octubre", "2026-1", "2026-10-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match="AAAA-MM"):
        period.parse(text)


def test_an_open_month_is_refused_on_its_last_day_too() -> None:
    with pytest.raises(PeriodError, match="no ha cerrado.*2026-09"):
        period.closed(date(2026, 10, 1), date(2026, 10, 31))


TABLE = Table(
    "Hoja", "Una sección", [Column("Canal"), Column("Día", "date"), Column("Recaudado", "money"), Column("%", "ratio"), Column("Variación", "change")],
    [["=1+1", date(2026, 10, 1), Decimal("1234.56"), Decimal("0.5"), None], [Cell("Ñandú & <Cía>", "text"), None, Decimal("-0.10"), None, Decimal("-0.031")]],
    total=["Total", None, Decimal("1234.46"), Decimal(1), Cell("", "text")], notes=("Una nota.",),
)


def _heading(warning: bool = False) -> Heading:
    return Heading("Aguas de Prueba", "Reporte", "octubre de 2026", "ATENCIÓN: viejos" if warning else "Datos al 14/11/2026.", warning, datetime(2026, 11, 14))


def test_a_sheet_reads_back_with_its_types_and_is_ready_to_print() -> None:
    book = openpyxl.load_workbook(BytesIO(xlsx.workbook(_heading(), [TABLE])))
    sheet = book["Hoja"]
    assert [sheet[f"A{row}"].value for row in (1, 2, 3, 4)] == ["Aguas de Prueba", "Reporte, octubre de 2026", "Una sección", "Datos al 14/11/2026."]
    assert [c.value for c in sheet[7]] == ["=1+1", datetime(2026, 10, 1), 1234.56, 0.5, "n/d"]
    assert sheet["A7"].data_type == "s"  # a text that looks like a formula stays a text
    assert sheet["C7"].number_format.startswith('"RD$" #,##0.00')
    assert (sheet["A9"].value, sheet["C9"].value, sheet["D9"].value) == ("Total", 1234.46, 1)
    assert (sheet.freeze_panes, sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("B7", "landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$6:$6" and "Página &P de &N" in sheet.oddFooter.right.text.replace("&8", "")
    assert book.properties.created == datetime(2026, 11, 14) and book.properties.creator == "Aguas de Prueba"


def test_a_column_is_as_wide_as_its_longest_text() -> None:
    wide = Table("Hoja", "Ancha", [Column("Canal", width=8), Column("Pagos", "count", 8)], [["Cooperativa de Ahorro y Crédito", 5]])
    sheet = openpyxl.load_workbook(BytesIO(xlsx.workbook(_heading(), [wide])))["Hoja"]
    assert sheet.column_dimensions["A"].width > len("Cooperativa de Ahorro y Crédito") and sheet.column_dimensions["B"].width < 10


def test_a_warning_is_on_the_face_and_on_every_page() -> None:
    sheet = openpyxl.load_workbook(BytesIO(xlsx.workbook(_heading(warning=True), [TABLE])))["Hoja"]
    assert sheet["A4"].value == "ATENCIÓN: viejos" and sheet["A4"].fill.fgColor.rgb.endswith("B3261E")
    long = Table("Hoja", "Larga", TABLE.columns, list(TABLE.rows) * 40, TABLE.total)
    pages = PdfReader(BytesIO(pdf.document(_heading(warning=True), [long]))).pages
    assert len(pages) > 1 and "ATENCIÓN: viejos" in pages[0].extract_text()
    for number, page in enumerate(pages, 1):
        assert f"Página {number} de {len(pages)}" in page.extract_text() and "Datos no actualizados" in page.extract_text()
        assert "Recaudado" in page.extract_text()  # the table's header is repeated


def test_a_pdf_prints_the_same_figures_and_escapes_names() -> None:
    reader = PdfReader(BytesIO(pdf.document(_heading(), [TABLE])))
    text = reader.pages[0].extract_text().replace("\N{NO-BREAK SPACE}", " ")
    for shown in ("RD$ 1,234.56", "-RD$ 0.10", "RD$ 1,234.46", "50.0 %", "-3.1 %", "01/10/2026", "Ñandú & <Cía>", "=1+1", "Una nota."):
        assert shown in text
    assert reader.metadata.creation_date.date() == date(2026, 11, 14)


@pytest.mark.parametrize("make", [lambda: xlsx.workbook(_heading(), [TABLE]), lambda: pdf.document(_heading(), [TABLE])], ids=["xlsx", "pdf"])
def test_the_same_content_is_the_same_bytes(make) -> None:
    assert make() == make()


def test_an_empty_table_says_so() -> None:
    empty = Table("Hoja", "Vacía", TABLE.columns, [], total=["Total", None, Decimal(0), None, None])
    assert openpyxl.load_workbook(BytesIO(xlsx.workbook(_heading(), [empty])))["Hoja"]["A7"].value == "Sin movimientos en el mes."
    assert "Sin movimientos en el mes." in PdfReader(BytesIO(pdf.document(_heading(), [empty]))).pages[0].extract_text()


def test_csv_opens_in_excel_and_runs_nothing() -> None:
    content = sheet_csv.content([("Ñ", Decimal("1.50"), "=cmd()", "a,b")])
    assert content == "\ufeffÑ,1.50,'=cmd(),\"a,b\"\r\n".encode()
