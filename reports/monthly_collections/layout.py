"""How the figures are laid out: one list of tables, drawn as XLSX sheets and as a PDF, so that both show the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal

from reports import period
from reports.archive import Document
from reports.config import Site
from reports.monthly_collections import chart, checks
from reports.monthly_collections.figures import Breakdown, Figures, Indicator, Line, Movement
from reports.status import DataStatus
from reports.writers import pdf, xlsx
from reports.writers.numbers import number
from reports.writers.table import Cell, Column, Heading, Table

LAYOUT = 1  # raise it when the layout changes: closed months already generated are then written anew, as new versions
TITLE = "Recaudación mensual"
PDF_DETAIL_ROWS = 40  # printed pages show that many lines of a detail; the workbook has them all
KINDS = {"RD$": "money", "RD$/m3": "money", "%": "ratio", "n": "count", "dias": "decimal", "m3": "decimal"}
UNITS = {"dias": "días", "m3": "m³", "RD$/m3": "por m³"}  # said beside the label; RD$ and % are part of the number


def render(figures: Figures, site: Site, status: DataStatus) -> Sequence[Document]:
    """The XLSX and the PDF, in memory. Raises InexactNumber when an amount has no exact cell."""
    heading = Heading(
        organisation=site.utility_name, title=TITLE, subtitle=period.name(figures.month), status=status.message_es, warning=status.needs_warning,
        stamp=status.stamp,
    )
    tables = [
        _summary(figures), *(_breakdown(figures, part, site) for part in figures.breakdowns), _days(figures),
        _reversals(figures, site), _unapplied(figures, site), _balance(figures),
    ]
    said = repr((LAYOUT, heading.organisation, status.needs_warning, tables))
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    stem = f"recaudacion_mensual_{figures.month:%Y-%m}"
    common = {"fingerprint": fingerprint, "row_count": sum(len(t.rows) for t in tables), "totals": _totals(figures)}
    return [
        Document(f"{stem}.xlsx", "xlsx", xlsx.workbook(heading, tables), **common),
        Document(f"{stem}.pdf", "pdf", pdf.document(heading, [_printed(t) for t in tables], chart.daily(figures.days)), **common),
    ]


def _totals(figures: Figures) -> dict[str, Decimal | int | None]:
    paid = figures.payments
    kpis = {name: i.value for name, i in figures.indicators.items() if i.value is not None}
    return {**kpis, "received": paid.received, "reversed": paid.reversed, "refunded": paid.refunded, "applied": paid.applied, "unapplied": paid.unapplied}


def _printed(table: Table) -> Table:
    hidden = len(table.rows) - PDF_DETAIL_ROWS
    if hidden <= 0 or table.name not in ("Reversos", "Sin aplicar"):
        return table
    note = f"Se muestran {PDF_DETAIL_ROWS} de {number(len(table.rows), 0)}; las demás están en el libro de Excel. El total es de todas."
    return Table(table.name, table.title, table.columns, table.rows[:PDF_DETAIL_ROWS], table.total, (note, *table.notes))


def _summary(figures: Figures) -> Table:
    before, last_year = period.shift(figures.month, -1), period.shift(figures.month, -12)
    return Table(
        "Resumen", "Indicadores del mes",
        [Column("Indicador", width=32), Column(period.name(figures.month).capitalize(), "money", 20), Column(period.name(before).capitalize(), "money", 22),
         Column("Variación", "change", 14), Column(period.name(last_year).capitalize(), "money", 20), Column("Variación", "change", 14)],
        [_indicator(i) for i in figures.indicators.values()],
        notes=("La variación de un porcentaje se da en puntos porcentuales (p.p.). n/d: no hay datos de ese mes.",
               "La recaudación es neta: incluye los pagos de facturas de cualquier mes y descuenta los reversos. Los indicadores se definen en el manual."),
    )


def _indicator(item: Indicator) -> list[str | Cell]:
    kind = KINDS[item.unit]
    label = f"{item.label_es} ({UNITS[item.unit]})" if item.unit in UNITS else item.label_es
    return [label, Cell(item.value, kind), Cell(item.previous, kind), _change(item, item.previous), Cell(item.last_year, kind),
            _change(item, item.last_year)]


def _change(item: Indicator, base: Decimal | None) -> Cell:
    kind = "points" if item.unit == "%" else "change"
    if item.value is None or base is None:
        return Cell(None, kind)
    if kind == "points":
        return Cell(item.value - base, kind)
    return Cell((item.value - base) / base if base else None, kind)


def _balance(figures: Figures) -> Table:
    """The proof that all sections say the same."""
    kpi = figures.indicators["collected_amount"].value or Decimal(0)
    paid = figures.payments
    parts = [["Recibido en el mes", paid.received, ""], ["Reversado en el mes", -paid.reversed, ""], ["Devuelto a clientes en el mes", -paid.refunded, ""]]
    net = paid.received - paid.reversed - paid.refunded
    rows = [*parts, ["Recaudación neta", net, net - kpi], ["– aplicada a facturas", paid.applied, ""], ["– sin aplicar", paid.unapplied, ""]]
    rows += [[part.slice.title, part.total.amount, part.total.amount - kpi] for part in (*figures.breakdowns, figures.days)]
    return Table(
        "Cuadre", "Cuadre de las secciones con el indicador de recaudación",
        [Column("Concepto", width=50), Column("Monto", "money", 22), Column("Diferencia con el indicador", "money", 22)],
        rows,
        total=["Indicador de recaudación", kpi, Decimal("0.00")],
        notes=(f"Comprobados {len(checks.amounts(figures)) + len(checks.counts(figures)) + len(checks.previous(figures))} cuadres al centavo antes de escribir este reporte.",),
    )


def _breakdown(figures: Figures, part: Breakdown, site: Site) -> Table:
    before = figures.indicators["collected_amount"].previous
    columns = [Column(title, width=28 if len(part.slice.titles) == 1 else 24) for title in part.slice.titles] + [
        Column("Pagos", "count", 10), Column("Recaudado", "money", 20), Column("% del total", "ratio", 13),
        Column("Mes anterior", "money", 20), Column("Variación", "change", 14)]

    def row(line: Line, keys: Sequence[str]) -> list:
        previous = None if before is None else line.previous
        return [*keys, line.count, line.amount, line.amount / part.total.amount if part.total.amount else None, previous,
                (line.amount - previous) / previous if previous else None]

    blanks = [None] * (len(part.slice.keys) - 1)
    return Table(part.slice.name, part.slice.title, columns, [row(line, [site.label(key) for key in line.keys]) for line in part.rows],
                 total=row(part.total, ["Total", *blanks]))


def _days(figures: Figures) -> Table:
    rows, running = [], Decimal(0)
    for line in figures.days.rows:
        running += line.amount
        rows.append([period.day_label(line.keys[0]), line.count, line.amount, running])
    total = figures.days.total
    return Table("Por día", "Recaudación por día", [Column("Día", width=18), Column("Pagos", "count", 10), Column("Recaudado", "money", 20),
                                                    Column("Acumulado", "money", 20)], rows, total=["Total", total.count, total.amount, total.amount])


_DATE, _CONTRACT, _CHANNEL, _FORM = Column("Fecha", "date", 17), Column("Contrato", width=14), Column("Canal", width=25), Column("Forma de pago", width=24)


def _reversals(figures: Figures, site: Site) -> Table:
    return Table(
        "Reversos", "Reversos, devoluciones y pagos anulados del mes", [_DATE, _CONTRACT, _CHANNEL, Column("Cobrador", width=22), _FORM, Column("Tipo", width=13), Column("Monto", "money", 20)],
        [[m.paid_on, m.contract_code, m.channel, m.collector_name, site.label(m.payment_form), _kind(m), m.amount] for m in figures.reversals],
        total=["Total", *[None] * 5, -figures.payments.reversed - figures.payments.refunded],
        notes=("Un pago anulado dentro de su mes queda en cero. Un reverso resta en el mes en que se hizo, aunque el pago fuera de otro.",),
    )


def _kind(item: Movement) -> str:
    if not item.amount:
        return "Anulado"
    return "Reverso" if item.is_reversal else "Devolución"


def _unapplied(figures: Figures, site: Site) -> Table:
    total = sum((m.unapplied for m in figures.unapplied), Decimal(0))
    return Table(
        "Sin aplicar", "Pagos del mes sin aplicar a facturas",
        [_DATE, _CONTRACT, _CHANNEL, _FORM, Column("Pagado", "money", 20), Column("Aplicado", "money", 20), Column("Sin aplicar", "money", 20)],
        [[m.paid_on, m.contract_code, m.channel, site.label(m.payment_form), m.amount, m.applied, m.unapplied] for m in figures.unapplied],
        total=["Total", *[None] * 3, sum((m.amount for m in figures.unapplied), Decimal(0)), sum((m.applied for m in figures.unapplied), Decimal(0)), total],
        notes=(f"Saldos a favor de todos los contratos al cierre del mes (anticipos, pagos y notas sin aplicar): RD$ {number(figures.payments.credit_balance)}.",),
    )
