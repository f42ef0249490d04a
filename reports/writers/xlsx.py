"""Spreadsheets for people: one sheet a table, ready to print, the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reports.writers.numbers import MISSING, cell
from reports.writers.table import Cell, Column, Heading, Table, typed

NUMBER_FORMATS = {
    "money": '"RD$" #,##0.00;[Red]-"RD$" #,##0.00',
    "count": "#,##0;[Red]-#,##0",
    "decimal": "#,##0.0;[Red]-#,##0.0",
    "ratio": "0.0 %;[Red]-0.0 %",
    "change": "+0.0 %;-0.0 %;0.0 %",
    "points": '+0.0 "p.p.";-0.0 "p.p.";0.0 "p.p."',
    "date": "dd/mm/yyyy",
}
BLUE, PALE, GREY, RED = "#12507B", "#E8F1F8", "#5F6B76", "#B3261E"
WIDEST = 60
HEADER_ROW = 5  # the table's own header: four lines of heading and a blank one above it


class _Styles:
    """Formats of one workbook, made when first used."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book, self.made = book, {}

    def __call__(self, **properties: object) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.made:
            self.made[key] = self.book.add_format({"font_name": "Calibri", "font_size": 10, "valign": "vcenter", **properties})
        return self.made[key]


def workbook(heading: Heading, tables: Sequence[Table]) -> bytes:
    """An XLSX with a sheet for each table. Raises InexactNumber when an amount has no exact cell."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"title": f"{heading.title}, {heading.subtitle}", "author": heading.organisation, "comments": heading.status,
                         "created": heading.stamp})
    styles = _Styles(book)
    for table in tables:
        _sheet(book.add_worksheet(table.name), styles, heading, table)
    book.close()
    return buffer.getvalue()


def _sheet(sheet: Worksheet, styles: _Styles, heading: Heading, table: Table) -> None:
    last = len(table.columns) - 1
    _face(sheet, styles, heading, table)
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, _width(table, index))
        sheet.write_string(HEADER_ROW, index, column.title, styles(
            bold=True, font_color="white", bg_color=BLUE, text_wrap=True, border=1, border_color=BLUE, align="left" if column.kind in ("text", "date") else "right"))
    row = HEADER_ROW
    for number, values in enumerate(table.rows):
        row += 1
        _row(sheet, styles, row, values, table.columns, {"bg_color": PALE} if number % 2 else {})
    if not table.rows:
        row += 1
        sheet.write_string(row, 0, "Sin movimientos en el mes.", styles(italic=True, font_color=GREY))
    if table.total is not None:
        row += 1
        _row(sheet, styles, row, table.total, table.columns, {"bold": True, "top": 1, "bottom": 6})
    for note in table.notes:
        row += 1
        sheet.merge_range(row + 1, 0, row + 1, last, "", styles())
        sheet.write_string(row + 1, 0, note, styles(italic=True, font_color=GREY, text_wrap=True, valign="top"))
        sheet.set_row(row + 1, 15 * (1 + len(note) // max(sum(c.width for c in table.columns), 1)))
    sheet.set_row(0, 22)
    sheet.set_row(HEADER_ROW, 30)
    sheet.freeze_panes(HEADER_ROW + 1, 1)
    sheet.set_landscape()
    sheet.set_paper(1)  # Letter, the Dominican office paper
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW)
    sheet.hide_gridlines(2)
    sheet.set_footer(f"&L&8{_escaped(heading.organisation)}&C&8{_escaped(heading.title)}, {heading.subtitle}&R&8Página &P de &N")


def _width(table: Table, index: int) -> int:
    """The column's own width, or what its longest text needs: a neighbour with a number would cut it."""
    longest = max((len(v) for row in table.rows if isinstance(v := typed(row[index], table.columns[index]).value, str)), default=0)
    return min(max(table.columns[index].width, longest + 2), WIDEST)


def _face(sheet: Worksheet, styles: _Styles, heading: Heading, table: Table) -> None:
    sheet.write_string(0, 0, heading.organisation, styles(bold=True, font_size=14, font_color=BLUE))
    sheet.write_string(1, 0, f"{heading.title}, {heading.subtitle}", styles(bold=True, font_size=12))
    sheet.write_string(2, 0, table.title, styles(font_size=11))
    status = {"bold": True, "font_color": "white", "bg_color": RED} if heading.warning else {"italic": True, "font_color": GREY}
    sheet.write_string(3, 0, heading.status, styles(**status))
    if heading.warning:
        for index in range(1, len(table.columns)):
            sheet.write_blank(3, index, None, styles(**status))


def _row(sheet: Worksheet, styles: _Styles, row: int, values: Sequence, columns: Sequence[Column], look: dict) -> None:
    for index, (item, column) in enumerate(zip(values, columns, strict=True)):
        _write(sheet, styles, row, index, typed(item, column), column, look)


def _write(sheet: Worksheet, styles: _Styles, row: int, index: int, item: Cell, column: Column, look: dict) -> None:
    if item.value is None:
        text = "" if column.kind in ("text", "date") else MISSING
        sheet.write_string(row, index, text, styles(align="right", font_color=GREY, **look))
    elif item.kind == "text":
        # never sheet.write(): a customer's name that begins with "=" must not become a formula
        sheet.write_string(row, index, str(item.value), styles(align="left" if column.kind == "text" else "right", **look))
    elif item.kind == "date":
        sheet.write_datetime(row, index, item.value, styles(num_format=NUMBER_FORMATS["date"], align="left", **look))
    else:
        value = item.value * 100 if item.kind == "points" else item.value
        stored = cell(value) if item.kind in ("money", "count") else float(Decimal(value))
        sheet.write_number(row, index, stored, styles(num_format=NUMBER_FORMATS[item.kind], **look))


def _escaped(text: str) -> str:
    return text.replace("&", "&&")
