"""How the close is laid out: a workbook that an accountant reads from left to right, one question a sheet, the differences in the first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal

from reports import period
from reports.archive import Document
from reports.config import Site
from reports.journal_entry.entry import KINDS, ZERO, totals
from reports.journal_entry.figures import Comparison, Figures, status_text
from reports.status import DataStatus
from reports.writers import xlsx
from reports.writers.numbers import money
from reports.writers.table import Column, Heading, Table

LAYOUT = 1  # raise it when the layout changes: closed months already generated are then written anew, as new versions
TITLE = "Cierre contable"
BLANK = ""  # of a number that does not apply: None would say that there are no data
MOVEMENTS = {**KINDS, "adjusted": "Asientos manuales"}
SECTIONS = {"ingresos": "Ingresos", "impuestos": "Impuestos", "por_cobrar": "Cuentas por cobrar", "cobros": "Caja y bancos"}
_CODE, _ACCOUNT, _CONCEPT = Column("Cuenta", width=12), Column("Nombre de la cuenta", width=30), Column("Concepto", width=24)


def render(figures: Figures, site: Site, status: DataStatus) -> Sequence[Document]:
    """The XLSX, in memory. Raises InexactNumber when an amount has no exact cell."""
    heading = Heading(
        organisation=site.utility_name, title=TITLE, subtitle=period.name(figures.month), status=status.message_es, warning=status.needs_warning,
        stamp=status.stamp)
    tables = [_summary(figures), _income(figures), _money(figures), _receivable(figures), _entry(figures), _differences(figures), _adjustments(figures)]
    said = repr((LAYOUT, heading.organisation, status.needs_warning, tables))
    debit, credit = totals(figures.lines)
    return [Document(
        f"cierre_contable_{figures.month:%Y-%m}.xlsx", "xlsx", xlsx.workbook(heading, tables), hashlib.sha256(said.encode()).hexdigest(),
        sum(len(t.rows) for t in tables), {"debit": debit, "credit": credit, "difference": _off(figures), "pending": len(figures.pending)})]


def _off(figures: Figures) -> Decimal:
    """All differences, without regard to sign."""
    return sum((abs(c.difference_amount) for c in figures.comparisons), ZERO)


def _both(rows: Iterable[Comparison]) -> tuple[Decimal, Decimal]:
    listed = list(rows)
    return sum((c.subledger_amount for c in listed), ZERO), sum((c.ledger_amount for c in listed), ZERO)


def _summary(figures: Figures) -> Table:
    def line(label: str, sections: tuple[str, ...], kinds: tuple[str, ...], sign: int = 1) -> list:
        ours, theirs = _both(c for c in figures.comparisons if c.section in sections and c.movement_kind in kinds)
        return [label, sign * ours, sign * theirs, sign * (ours - theirs)]

    sales = ("ingresos", "impuestos")
    rows = [
        line("Facturado, sin impuestos", ("ingresos",), ("billed",)),
        line("ITBIS facturado", ("impuestos",), ("billed",)),
        line("Total facturado", sales, ("billed",)),
        line("Cargado a cuentas por cobrar", ("por_cobrar",), ("billed",)),
        line("Notas de crédito, sin impuestos", ("ingresos",), ("credited",), -1),
        line("ITBIS acreditado", ("impuestos",), ("credited",), -1),
        line("Total de notas de crédito", sales, ("credited",), -1),
        line("Abonado a cuentas por cobrar por notas de crédito", ("por_cobrar",), ("credited",), -1),
        line("Cobrado en caja y bancos, neto de reversas", ("cobros",), ("collected",)),
        line("Abonado a cuentas por cobrar por cobros", ("por_cobrar",), ("collected",), -1),
        line("Asientos manuales en cuentas por cobrar", ("por_cobrar",), ("adjusted",)),
        line("Asientos manuales en cuentas de ingreso", ("ingresos",), ("adjusted",)),
    ]
    opening, closing = (sum((getattr(r, name) for r in figures.rolls), ZERO) for name in ("opening_amount", "closing_amount"))
    ledger = sum((r.ledger_closing_amount for r in figures.rolls), ZERO)
    aged = figures.aged_debt - figures.credit_balance
    rows += [["Saldo inicial de cuentas por cobrar", opening, BLANK, BLANK], ["Saldo final de cuentas por cobrar", closing, ledger, closing - ledger],
             ["Saldo final según la antigüedad de la deuda", aged, ledger, aged - ledger]]
    debit, credit = totals(figures.lines)
    found = f"Diferencias por {money(_off(figures))}: vea la hoja «Diferencias»." if _off(figures) else "Sin diferencias entre el sistema comercial y el mayor."
    return Table(
        "Resumen", "Sistema comercial contra el mayor de Odoo",
        [Column("Partida", width=50), Column("Sistema comercial", "money", 22), Column("Mayor de Odoo", "money", 22), Column("Diferencia", "money", 20)],
        rows,
        notes=(status_text(figures.was), found, f"El asiento del mes suma {money(debit)} al debe y {money(credit)} al haber.",
               f"La antigüedad de la deuda dice {money(figures.aged_debt)} por cobrar menos {money(figures.credit_balance)} de saldos a favor.",
               "Sistema comercial: facturas, notas y pagos. Mayor: asientos publicados en Odoo, por fecha contable.",
               "Preparado por: ____________________    Revisado por: ____________________    Fecha: ______________"))


def _pivot(figures: Figures, sections: Sequence[str], kinds: Sequence[str]) -> tuple[list[list], list]:
    """Rows by account and concept: what each kind moved in the commercial system, its net, the ledger's net and the difference; and their total."""
    rows: dict[tuple[str, str, str], dict[str, Decimal]] = {}
    for c in figures.comparisons:
        if c.section in sections:
            row = rows.setdefault((c.account_code, c.account_name, c.concept_name), {"ledger": ZERO, **dict.fromkeys(kinds, ZERO)})
            # hand-made entries are in the ledger only: shown, so that its net is understood
            row[c.movement_kind] += c.ledger_amount if c.movement_kind == "adjusted" else c.subledger_amount
            row["ledger"] += c.ledger_amount
    lines = []
    for key, row in sorted(rows.items()):
        net = sum((row[kind] for kind in kinds), ZERO)
        lines.append([*key, *(row[kind] for kind in kinds), net, row["ledger"], net - row["ledger"]])
    sums = [sum((line[i] for line in lines), ZERO) for i in range(3, len(kinds) + 6)]
    return lines, ["Total", None, None, *sums]


def _income(figures: Figures) -> Table:
    kinds = ("billed", "credited", "adjusted")
    rows, total = _pivot(figures, ("ingresos", "impuestos"), kinds)
    return Table(
        "Ingresos e impuestos", "Facturado y acreditado por cuenta y concepto",
        [_CODE, _ACCOUNT, _CONCEPT, Column("Facturado", "money", 20), Column("Acreditado", "money", 18), Column("Asientos manuales", "money", 18),
         Column("Neto", "money", 20), Column("Mayor de Odoo", "money", 20), Column("Diferencia", "money", 16)],
        rows, total=total, notes=("El total facturado y acreditado es lo que se carga y se abona a las cuentas por cobrar, impuestos incluidos.",
                                  "Asientos manuales: otros asientos publicados en las mismas cuentas de ingreso; no salen del sistema comercial."))


def _money(figures: Figures) -> Table:
    rows, total = _pivot(figures, ("cobros",), ("collected",))
    return Table(
        "Caja y bancos", "Cobrado por cuenta y diario",
        [_CODE, _ACCOUNT, Column("Diario", width=24), Column("Cobrado", "money", 20), Column("Mayor de Odoo", "money", 20), Column("Diferencia", "money", 16)],
        [[*row[:4], *row[5:]] for row in rows], total=[*total[:4], *total[5:]],
        notes=("Pagos del mes menos las reversas y devoluciones hechas en el mes. Un pago anulado no cuenta.",
               "De estas cuentas solo se comparan los asientos de los pagos de clientes, no su saldo en el banco."))


def _receivable(figures: Figures) -> Table:
    names = ("opening_amount", "billed_amount", "credited_amount", "collected_amount", "adjusted_amount", "closing_amount", "ledger_closing_amount",
             "difference_amount")
    signs = (1, 1, -1, -1, 1, 1, 1, 1)  # shown so that a row adds up from left to right
    debt, credit = figures.aged_debt, figures.credit_balance
    aged = f"Según la antigüedad de la deuda: {money(debt)} por cobrar − {money(credit)} de saldos a favor = {money(debt - credit)}."
    rows = [[r.account_code, r.account_name, *(sign * getattr(r, name) for sign, name in zip(signs, names, strict=True))] for r in figures.rolls]
    return Table(
        "Cuentas por cobrar", "Movimiento de las cuentas por cobrar",
        [_CODE, _ACCOUNT, *(Column(title, "money", 19) for title in (
            "Saldo inicial", "Facturado", "Acreditado", "Cobrado", "Ajustes", "Saldo final", "Saldo en el mayor", "Diferencia"))],
        rows, total=["Total", None, *(sum((row[i] for row in rows), ZERO) for i in range(2, len(names) + 2))],
        notes=("Saldo final = saldo inicial + facturado − acreditado − cobrado ± ajustes. Ajustes: asientos manuales en la cuenta.", aged))


def _entry(figures: Figures) -> Table:
    debit, credit = totals(figures.lines)
    return Table(
        "Asiento", "Asiento del mes, como lo dicen los datos de hoy",
        [Column("Línea", width=8), _CODE, _ACCOUNT, Column("Descripción", width=52), Column("Debe", "money", 20), Column("Haber", "money", 20)],
        [[str(n), line.account_code, line.account_name, line.description, line.debit or BLANK, line.credit or BLANK] for n, line in enumerate(figures.lines, 1)],
        total=[None, "Total", None, None, debit, credit],
        notes=(status_text(figures.was), "El archivo para el programa de contabilidad se escribe con «caudal reports journal», una sola vez por mes."))


def _differences(figures: Figures) -> Table:
    rows = [[SECTIONS[c.section], c.account_code, c.account_name, c.concept_name, MOVEMENTS[c.movement_kind], c.subledger_amount, c.ledger_amount,
             c.difference_amount] for c in figures.comparisons if c.difference_amount]
    return Table(
        "Diferencias", "Lo que no coincide entre el sistema comercial y el mayor",
        [Column("Sección", width=20), _CODE, _ACCOUNT, _CONCEPT, Column("Movimiento", width=20), Column("Sistema comercial", "money", 20),
         Column("Mayor de Odoo", "money", 20), Column("Diferencia", "money", 18)],
        rows or [["Ninguna", *[None] * 4, ZERO, ZERO, ZERO]],
        notes=("Causas usuales: un asiento hecho a mano, una fecha contable de otro mes, un pago sin asiento (cuenta S/A), una línea cambiada después de publicarse.",))


def _adjustments(figures: Figures) -> Table:
    rows = [[period.name(line.month), line.account_code, line.account_name, line.description, line.debit or BLANK, line.credit or BLANK] for line in figures.pending]
    debit, credit = totals(figures.pending)
    return Table(
        "Ajustes", "Lo que cambió en meses ya exportados y saldrá en el próximo asiento",
        [Column("Mes ajustado", width=20), _CODE, _ACCOUNT, Column("Descripción", width=52), Column("Debe", "money", 20), Column("Haber", "money", 20)],
        rows or [["Ninguno", *[None] * 3, BLANK, BLANK]], total=["Total", *[None] * 3, debit, credit] if rows else None)
