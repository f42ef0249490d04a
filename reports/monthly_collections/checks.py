"""What must agree before the report may be written: a clerk who adds up any page gets the same total, and it is the KPI."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from reports.errors import FiguresDisagree
from reports.monthly_collections.figures import Figures
from reports.writers.numbers import money


@dataclass(frozen=True)
class Check:
    """`found` (of a section) against `expected`. Amounts in RD$, or counts."""

    label: str
    found: Decimal | int
    expected: Decimal | int

    @property
    def difference(self) -> Decimal | int:
        return self.found - self.expected


def amounts(figures: Figures) -> list[Check]:
    """Every collected total against the KPI of the semantic layer, and the identities of reversals and applications."""
    kpi = figures.indicators["collected_amount"].value or Decimal(0)
    checks = []
    for part in (*figures.breakdowns, figures.days):
        checks.append(Check(part.slice.title, part.total.amount, kpi))
        checks.append(Check(f"{part.slice.title}: suma de las filas", sum((r.amount for r in part.rows), Decimal(0)), kpi))
    paid = figures.payments
    checks += [
        Check("Pagos, uno a uno", paid.net, kpi),
        Check("Recibido menos reversado y devuelto", paid.received - paid.reversed - paid.refunded, kpi),
        Check("Aplicado más sin aplicar", paid.applied + paid.unapplied, kpi),
        Check("Reversos del cuadro mensual", paid.mart_reversed, paid.reversed),
        Check("Detalle de reversos", -sum((m.amount for m in figures.reversals), Decimal(0)), paid.reversed + paid.refunded),
    ]
    return checks


def previous(figures: Figures) -> list[Check]:
    """Totals of the month before, where there is one."""
    kpi = figures.indicators["collected_amount"].previous
    return [] if kpi is None else [Check(f"{part.slice.title}, mes anterior", part.total.previous, kpi) for part in figures.breakdowns]


def counts(figures: Figures) -> list[Check]:
    """Numbers of payments of every section against the KPI."""
    kpi = int(figures.indicators["payments_count"].value or 0)
    return [check for part in (*figures.breakdowns, figures.days) for check in (
        Check(f"{part.slice.title}: pagos", part.total.count, kpi), Check(f"{part.slice.title}: pagos de las filas", sum(r.count for r in part.rows), kpi))]


def verify(figures: Figures) -> None:
    """Raises FiguresDisagree, naming every section that differs and by how much."""
    wrong = [f"{c.label}: {money(Decimal(c.found))} en vez de {money(Decimal(c.expected))}" for c in amounts(figures) + previous(figures) if c.difference]
    wrong += [f"{c.label}: {c.found} en vez de {c.expected}" for c in counts(figures) if c.difference]
    if wrong:
        raise FiguresDisagree(
            f"Las cifras de la recaudación de {figures.month:%Y-%m} no cuadran y el reporte no se escribió. Avise a quien administra los datos. "
            + "; ".join(wrong) + "."
        )
