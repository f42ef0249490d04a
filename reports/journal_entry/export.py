"""Hands a closed month to the accounting program, once.

    from reports.journal_entry.export import export, reopen
    made = export(date(2026, 10, 1), by="Ana Pérez")

Reads the published `mart_accounting__journal_entry`; writes `<home>/reports/<AAAA-MM>/<file>`, `ops.accounting_period`, its events, `ops.report_file`.
Two steps, each a transaction: the month is closed with the bytes of its file, then the file is written. Killed in between, the next
call writes those very bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from psycopg import Connection

from caudal import runlog, warehouse
from caudal.settings import settings
from reports import archive, period
from reports.archive import Document, ReportFile
from reports.errors import PeriodChanged, PeriodError, ReportError
from reports.journal_entry import csv_file, figures, periods
from reports.journal_entry.entry import EntryLine, by_account, changes, require_balance, totals
from reports.journal_entry.periods import Period
from reports.run import steady
from reports.status import DataStatus
from reports.writers import files
from reports.writers.numbers import money

REPORT = "journal_entry_file"
LOCK = "accounting period"
SHORTEST_REASON = 10


@dataclass(frozen=True)
class Exported:
    """What a month was handed over with. `is_new`: it was exported now, not found exported already."""

    period: Period
    file: ReportFile
    is_new: bool


class _Entries:
    """All months' lines, read as a report reads: from one published build."""

    ROLE = "read"
    produce = staticmethod(lambda conn, month, status: figures.entries(conn))


def export(month: date | None = None, *, by: str, root: Path | None = None) -> Exported:
    """Export the entry of `month` (default: the last closed one) and close it; a month that is closed already gives the same file again.

    `by`: who does it, for the record. `root` replaces `<home>/reports`. Raises PeriodError when the month is not the next to close,
    PeriodChanged when it was exported and its data are other now, FiguresDisagree when the entry does not balance.
    """
    chosen = period.closed(month, settings().today)
    target = Path(root) if root else settings().home / "reports"
    with runlog.run("reports", REPORT) as run:
        now, status = steady(_Entries, chosen)
        with warehouse.connect("load", autocommit=True) as conn, warehouse.advisory_lock(conn, LOCK):
            known = periods.read(conn)
            found = known.get(chosen)
            is_new = found is None or not found.is_closed
            if is_new:
                _require_fresh(chosen, status)
                found = _compose(chosen, known, now, by)
                with conn.transaction():
                    periods.fix(conn, found, status.build_id)
            with conn.transaction():
                found, file = _hand_over(conn, target, found, status)
            if not is_new:
                _require_unchanged(conn, chosen, known, now, by)
        run.rows_read = sum(map(len, now.values()))
        run.rows_inserted = int(is_new)
        run.details = {"period": f"{chosen:%Y-%m}", "number": found.number, "sha256": found.sha256}
    return Exported(found, file, is_new)


def reopen(month: date, *, reason: str, by: str) -> Period:
    """Open an exported month again, so that it can be exported anew: who imported its entry must take it out of the accounting program.

    Only the last one: later entries build on the earlier ones. `reason` and `by` are recorded. Raises PeriodError.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise PeriodError(f"Diga por qué se reabre el mes, con al menos {SHORTEST_REASON} letras: queda en el registro.")
    with warehouse.connect("load", autocommit=True) as conn, warehouse.advisory_lock(conn, LOCK), conn.transaction():
        known = periods.read(conn)
        last = max((m for m, p in known.items() if p.is_closed), default=None)
        if month.replace(day=1) != last:
            said = f"el último exportado es {period.name(last)}" if last else "no hay ninguno exportado"
            raise PeriodError(
                f"Solo se reabre el último mes exportado, y {said}. Lo que cambie en un mes anterior va como ajuste en el próximo asiento.")
        periods.open_again(conn, last)
        periods.note(conn, "reopened", last, by, reason=reason.strip(), period=known[last])
        return replace(known[last], status="open")


def _compose(month: date, known: Mapping[date, Period], now: Mapping[date, Sequence[EntryLine]], by: str) -> Period:
    """The month's entry with the adjustments of the months before it, as bytes."""
    _require_turn(month, known)
    lines = list(now.get(month, ()))
    if not lines:
        raise PeriodError(f"En {period.name(month)} no hay nada que asentar.")
    adjustments = periods.pending(known, now)
    entry = [*lines, *adjustments]
    require_balance(lines, month)
    require_balance(entry, month)
    layout = csv_file.load()
    count = known[month].export + 1 if month in known else 1
    number = layout.entry_number(month, count)
    content = csv_file.build(entry, month, number, layout)
    name = layout.name_of_file(month)
    return Period(month, "closed", number, count, f"{month:%Y-%m}/{name}", files.sha256(content), content, tuple(lines), tuple(adjustments),
                  totals(entry)[0], None, by)


def _require_turn(month: date, known: Mapping[date, Period]) -> None:
    """Months are closed one after another; the first may be any."""
    closed = [m for m, p in known.items() if p.is_closed]
    if not closed:
        return
    turn = period.shift(max(closed), 1)
    if month != turn:
        raise PeriodError(
            f"Toca exportar {period.name(turn)} ({turn:%Y-%m}): el último mes exportado es {period.name(max(closed))} y los cierres van en orden.")


def _require_fresh(month: date, status: DataStatus) -> None:
    """An export is not undone by the next build: its data passed their tests and were loaded after the month ended."""
    if status.needs_warning:
        raise ReportError(f"No se exporta con datos que no están al día. {status.message_es}")
    if status.as_of is None or status.as_of <= period.end_of(month):
        raise ReportError(f"Los datos publicados son al {status.as_of:%d/%m/%Y}: aún no tienen {period.name(month)} completo. Replique, construya y repita.")


def _hand_over(conn: Connection, root: Path, found: Period, status: DataStatus) -> tuple[Period, ReportFile]:
    """Write the file, or see that it is there as it was; the first time, the month becomes exported."""
    name = found.file.partition("/")[2]
    document = Document(
        name, "csv", found.content, found.sha256, len(found.lines) + len(found.adjustments),
        {"number": found.number, "debit": found.total, "credit": found.total, "adjustments": len(found.adjustments)})
    [file] = archive.store(conn, root, REPORT, found.month, [document], status)
    if found.status == "exported":
        return found, file
    at = periods.mark_exported(conn, found)
    periods.note(conn, "exported", found.month, found.exported_by, period=found, export=found.export, total=str(found.total),
                 adjustments=len(found.adjustments))
    return replace(found, status="exported", exported_at=at), file


def _require_unchanged(conn: Connection, month: date, known: Mapping[date, Period], now: Mapping[date, Sequence[EntryLine]], by: str) -> None:
    """Raises PeriodChanged, recorded, when the data of an exported month are no longer those of its file."""
    adjusting = changes(periods.exported(month, known), now.get(month, ()))
    if not adjusting:
        return
    closed = [m for m, p in known.items() if p.is_closed]
    turn = period.shift(max(closed), 1)
    periods.note(conn, "refused", month, by, period=known[month], lines=[line.as_json() for line in adjusting])
    raise PeriodChanged(
        f"El mes de {period.name(month)} ya se exportó con el asiento {known[month].number} y sus datos cambiaron desde entonces. No se escribió otro "
        "archivo.\nDiferencias por cuenta:\n"
        + ("\n".join(f"  {code} {name}: {money(abs(net))} al {'debe' if net > 0 else 'haber'}" for code, name, net in by_account(adjusting))
           or "  ninguna: solo cambió el concepto dentro de la cuenta")
        + f"\nAsiento de ajuste propuesto, que saldrá dentro del de {period.name(turn)} ({turn:%Y-%m}) al exportarlo:\n"
        + "\n".join(f"  {line.account_code} {line.description}: {money(abs(line.net))} al {'debe' if line.net > 0 else 'haber'}" for line in adjusting))
