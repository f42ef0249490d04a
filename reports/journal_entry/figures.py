"""What the close of a month shows: both sides by account and concept, the receivable rolled forward, the entry, and what is to be adjusted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import class_row

from reports import period
from reports.journal_entry import periods
from reports.journal_entry.entry import EntryLine
from reports.journal_entry.periods import Period


@dataclass(frozen=True)
class Comparison:
    """An account and concept in both systems, RD$, as `mart_accounting__month` says them."""

    section: str
    account_code: str
    account_name: str
    concept_code: str
    concept_name: str
    movement_kind: str
    subledger_amount: Decimal
    ledger_amount: Decimal
    difference_amount: Decimal


@dataclass(frozen=True)
class Roll:
    """A receivable account from the beginning of the month to its end, RD$; credited and collected are positive."""

    account_code: str
    account_name: str
    opening_amount: Decimal
    billed_amount: Decimal
    credited_amount: Decimal
    collected_amount: Decimal
    adjusted_amount: Decimal
    closing_amount: Decimal
    ledger_closing_amount: Decimal
    difference_amount: Decimal


@dataclass(frozen=True)
class Figures:
    """`aged_debt` and `credit_balance`: what customers owe, and have in their favour, by the ageing at month end. `pending`: what the next
    entry will adjust of months that were exported. `was`: the month's own export, when it had one."""

    month: date
    comparisons: Sequence[Comparison]
    rolls: Sequence[Roll]
    lines: Sequence[EntryLine]
    aged_debt: Decimal
    credit_balance: Decimal
    pending: Sequence[EntryLine]
    was: Period | None


def collect(conn: Connection, month: date) -> Figures:
    """The figures of `month` (its first day), read through `conn` (role read)."""
    lines, known = entries(conn), periods.read(conn)
    debt, credit = conn.execute(
        """select (select coalesce(sum(receivable_amount), 0) from marts.fct_receivable_month where period_month = %(month)s),
                  (select coalesce(sum(credit_balance_amount), 0) from marts.fct_credit_balance_month where period_month = %(month)s)""",
        {"month": month}).fetchone()
    return Figures(
        month, _read(conn, Comparison, "mart_accounting__month", month), _read(conn, Roll, "mart_accounting__receivable_month", month),
        lines.get(month, []), debt, credit, periods.pending(known, lines), known.get(month))


def _read(conn: Connection, kind: type, mart: str, month: date) -> list:
    columns = ", ".join(kind.__dataclass_fields__)
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(f"select {columns} from marts.{mart} where period_month = %s order by {columns}".encode(), [month]).fetchall()


def entries(conn: Connection) -> Mapping[date, list[EntryLine]]:
    """The journal entry of every closed month, by month, its lines in order."""
    rows = conn.execute(
        """select period_month, movement_kind, account_code, account_name, concept_code, concept_name, debit_amount, credit_amount, description_es
           from marts.mart_accounting__journal_entry order by period_month, line_number""").fetchall()
    found: dict[date, list[EntryLine]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(EntryLine(*row))
    return found


def status_text(was: Period | None) -> str:
    """In Spanish: whether the month was handed over to accounting, and as what."""
    if was is None:
        return "Período abierto: todavía no se ha exportado a contabilidad."
    if was.status == "open":
        return f"Período reabierto: el asiento {was.number} ya no vale y falta exportarlo de nuevo."
    if was.exported_at is None:
        return f"Período cerrado con el asiento {was.number}; falta terminar de escribir su archivo: repita «caudal reports journal»."
    return f"Período exportado con el asiento {was.number} el {_local(was)} por {was.exported_by}."


def _local(was: Period) -> str:
    return f"{period.local(was.exported_at):%d/%m/%Y %H:%M}"
