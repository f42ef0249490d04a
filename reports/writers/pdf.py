"""Printed reports: Letter, page numbers, repeated table headers, the same bytes for the same content."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.lib.utils import TimeStamp
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from reports.writers.numbers import MISSING, money, number, percent, rounded
from reports.writers.table import Cell, Column, Heading, Table, typed

MARGIN = 1.6 * cm
WHOLE_ROWS = 36  # a table of up to so many rows is not cut while it fits a page
PADDING = 6  # of the page's frame, on each side
BLUE, PALE, GREY, RED = colors.HexColor("#12507B"), colors.HexColor("#E8F1F8"), colors.HexColor("#5F6B76"), colors.HexColor("#B3261E")
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=8, leading=10)
_RIGHT = ParagraphStyle("right", parent=_BODY, alignment=TA_RIGHT)
_BOLD = ParagraphStyle("bold", parent=_BODY, fontName="Helvetica-Bold")
_BOLD_RIGHT = ParagraphStyle("bold-right", parent=_BOLD, alignment=TA_RIGHT)
_HEAD = ParagraphStyle("head", parent=_BOLD, textColor=colors.white)
_HEAD_RIGHT = ParagraphStyle("head-right", parent=_HEAD, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=15, leading=18, textColor=BLUE)
_SUBTITLE = ParagraphStyle("subtitle", fontName="Helvetica-Bold", fontSize=11.5, leading=15)
_SECTION = ParagraphStyle("section", fontName="Helvetica-Bold", fontSize=10.5, leading=14, textColor=BLUE, spaceAfter=3)
_NOTE = ParagraphStyle("note", parent=_BODY, fontName="Helvetica-Oblique", fontSize=7.5, leading=9.5, spaceBefore=3, textColor=GREY)
_STATUS = ParagraphStyle("status", parent=_NOTE, fontSize=8.5, leading=11, spaceBefore=0)
_WARNING = ParagraphStyle("warning", parent=_BOLD, fontSize=9.5, leading=12, textColor=colors.white, backColor=RED, borderPadding=4)


def text(item: Cell) -> str:
    """The value as printed."""
    value = item.value
    if value is None:
        return MISSING
    match item.kind:
        case "money":
            return money(value).replace(" ", "\N{NO-BREAK SPACE}")
        case "count":
            return number(value, 0)
        case "decimal":
            return number(value, 1)
        case "ratio":
            return percent(value)
        case "change" | "points":
            shown = rounded(value * 100, 1) + 0
            return f"{shown:{'+' if shown else ''},.1f} {'%' if item.kind == 'change' else 'p.p.'}"
        case "date":
            return f"{value:%d/%m/%Y}"
    return str(value)


def document(heading: Heading, tables: Sequence[Table], picture: Flowable | None = None) -> bytes:
    """A PDF with the heading, the first table, the picture and the other tables one after another."""
    buffer = BytesIO()
    template = SimpleDocTemplate(
        buffer, pagesize=LETTER, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=1.5 * cm, bottomMargin=1.7 * cm, invariant=1,
        title=f"{heading.title}, {heading.subtitle}", author=heading.organisation, subject=heading.status, lang="es-DO",
    )
    story: list[Flowable] = [
        Paragraph(escape(heading.organisation), _TITLE), Paragraph(escape(f"{heading.title}, {heading.subtitle}"), _SUBTITLE), Spacer(0, 4),
        Paragraph(escape(heading.status), _WARNING if heading.warning else _STATUS), Spacer(0, 10),
    ]
    for position, table in enumerate(tables):
        story += _section(table, template.width - 2 * PADDING)
        if picture is not None and position == 0:
            story += [picture, Spacer(0, 10)]
    template.build(story, canvasmaker=lambda *args, **kwargs: _NumberedCanvas(heading, *args, **kwargs))
    return buffer.getvalue()


def _section(table: Table, width: float) -> list[Flowable]:
    title = Paragraph(escape(table.title), _SECTION)
    notes = [Paragraph(escape(note), _NOTE) for note in table.notes]
    if not table.rows:
        return [KeepTogether([title, Paragraph("Sin movimientos en el mes.", _BODY), *notes]), Spacer(0, 12)]
    whole = sum(column.width for column in table.columns)
    body = [[Paragraph(escape(c.title), _HEAD if c.kind in ("text", "date") else _HEAD_RIGHT) for c in table.columns]]
    body += [_cells(row, table.columns, _BODY, _RIGHT) for row in table.rows]
    if table.total is not None:
        body.append(_cells(table.total, table.columns, _BOLD, _BOLD_RIGHT))
    style = [
        ("BACKGROUND", (0, 0), (-1, 0), BLUE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, PALE]),
        ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3), ("LINEBELOW", (0, -1), (-1, -1), 0.8, BLUE),
    ]
    if table.total is not None:
        style += [("LINEABOVE", (0, -1), (-1, -1), 0.8, BLUE), ("BACKGROUND", (0, -1), (-1, -1), colors.white)]
    grid = Grid(body, colWidths=[width * c.width / whole for c in table.columns], repeatRows=1, hAlign="LEFT", style=TableStyle(style))
    # a short table stays in one piece; a long one needs its title and some rows together
    together = [KeepTogether([title, grid, *notes])] if len(body) <= WHOLE_ROWS else [CondPageBreak(4 * cm), title, grid, *notes]
    return [*together, Spacer(0, 12)]


def _cells(row: Sequence, columns: Sequence[Column], left: ParagraphStyle, right: ParagraphStyle) -> list[Paragraph]:
    cells = []
    for item, column in zip(row, columns, strict=True):
        blank = item is None and column.kind in ("text", "date")
        cells.append(Paragraph("" if blank else escape(text(typed(item, column))), left if column.kind in ("text", "date") else right))
    return cells


class _NumberedCanvas(Canvas):
    """Writes `Página x de y`, which needs the number of pages, so pages are kept until the end; dates come from the data."""

    def __init__(self, heading: Heading, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._heading, self._pages = heading, []
        stamp = TimeStamp(invariant=1)
        moment = heading.stamp
        stamp.YMDhms = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        self._doc._timeStamp = stamp

    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for page in self._pages:
            self.__dict__.update(page)
            self._footer(len(self._pages))
            super().showPage()
        super().save()

    def _footer(self, pages: int) -> None:
        width = self._pagesize[0]
        self.setFont("Helvetica", 7.5)
        self.setFillColor(GREY)
        self.drawString(MARGIN + PADDING, 1 * cm, f"{self._heading.organisation} · {self._heading.title}, {self._heading.subtitle}")
        self.drawRightString(width - MARGIN - PADDING, 1 * cm, f"Página {self._pageNumber} de {pages}")
        if self._heading.warning:
            self.setFillColor(RED)
            self.drawString(MARGIN + PADDING, 0.6 * cm, "Datos no actualizados: vea el aviso de la primera página.")
