"""`ops.accounting_period`: which months were handed over, with which lines; and the record of who exported, was refused, or opened again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from reports.journal_entry.entry import EntryLine, changes


@dataclass(frozen=True)
class Period:
    """One month that was closed at some time. `lines` are its own as exported; `adjustments` those of earlier months in the same entry."""

    month: date
    status: str
    number: str
    export: int
    file: str
    sha256: str
    content: bytes
    lines: tuple[EntryLine, ...]
    adjustments: tuple[EntryLine, ...]
    total: Decimal
    exported_at: datetime | None
    exported_by: str | None

    @property
    def is_closed(self) -> bool:
        """Its lines are fixed: they were handed over, or their file was about to be written."""
        return self.status in ("closed", "exported")


def read(conn: Connection) -> dict[date, Period]:
    """Every month that was ever closed, by month."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from ops.accounting_period order by period_month").fetchall()
    return {row["period_month"]: _period(row) for row in rows}


def _period(row: Mapping[str, Any]) -> Period:
    return Period(
        row["period_month"], row["status"], row["entry_number"], row["export"], row["file"], row["sha256"], bytes(row["content"]),
        tuple(map(EntryLine.of_json, row["lines"])), tuple(map(EntryLine.of_json, row["adjustments"])), row["total_debit"], row["exported_at"],
        row["exported_by"])


def pending(closed: Mapping[date, Period], now: Mapping[date, Sequence[EntryLine]]) -> list[EntryLine]:
    """What changed in closed months since they were exported and no later entry has adjusted yet, months in order."""
    found: list[EntryLine] = []
    for month, was in sorted(closed.items()):
        if was.is_closed:
            found += changes(exported(month, closed), now.get(month, ()))
    return found


def exported(month: date, closed: Mapping[date, Period]) -> list[EntryLine]:
    """What the accounting program has of a month: its own entry, and the adjustments of it in the entries of others."""
    return [*closed[month].lines, *(line for p in closed.values() if p.is_closed for line in p.adjustments if line.month == month)]


def fix(conn: Connection, period: Period, build_id: int | None) -> None:
    """Close the month: from here on its lines and the bytes of its file are what they are."""
    conn.execute(
        """insert into ops.accounting_period (period_month, status, entry_number, export, file, sha256, content, lines, adjustments, total_debit,
               total_credit, build_id, closed_at, exported_at, exported_by)
           values (%s, 'closed', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now(), null, %s)
           on conflict (period_month) do update set status = excluded.status, entry_number = excluded.entry_number, export = excluded.export,
               file = excluded.file, sha256 = excluded.sha256, content = excluded.content, lines = excluded.lines,
               adjustments = excluded.adjustments, total_debit = excluded.total_debit, total_credit = excluded.total_credit,
               build_id = excluded.build_id, closed_at = excluded.closed_at, exported_at = null, exported_by = excluded.exported_by""",
        [period.month, period.number, period.export, period.file, period.sha256, period.content, Jsonb([line.as_json() for line in period.lines]),
         Jsonb([line.as_json() for line in period.adjustments]), period.total, period.total, build_id, period.exported_by])


def mark_exported(conn: Connection, period: Period) -> datetime:
    """The file is in its place. Returns when."""
    return conn.execute(
        "update ops.accounting_period set status = 'exported', exported_at = now() where period_month = %s returning exported_at", [period.month]
    ).fetchone()[0]


def open_again(conn: Connection, month: date) -> None:
    """What was exported of the month no longer counts."""
    conn.execute("update ops.accounting_period set status = 'open' where period_month = %s", [month])


def note(conn: Connection, kind: str, month: date, by: str, *, reason: str | None = None, period: Period | None = None, **details: Any) -> None:
    """Add to the record, which nothing ever changes."""
    conn.execute(
        """insert into ops.accounting_period_event (period_month, kind, by_whom, reason, entry_number, sha256, details)
           values (%s, %s, %s, %s, %s, %s, %s)""",
        [month, kind, by, reason, period.number if period else None, period.sha256 if period else None, Jsonb(details)])
