"""Keeps `ops.quarantine` (source `dgii_607`) equal to the refused documents of a month: new ones appear, mended ones are resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg import Connection
from psycopg.types.json import Jsonb

from reports.dgii_607.selection import Rejected

SOURCE, ENTITY = "dgii_607", "mart_dgii__607"


def sync(conn: Connection, run_id: int, month: date, rejected: Sequence[Rejected]) -> None:
    """Idempotent; one open row per document and field. The payload carries no identity of a customer (Law 172-13)."""
    period = f"{month:%Y-%m}"
    wanted = {(_record_id(item), error.field): (item, error) for item in rejected for error in item.errors}
    open_rows = conn.execute(
        "select id, record_id, field, reason from ops.quarantine where source = %s and entity = %s and resolved_at is null and payload ->> 'period' = %s",
        [SOURCE, ENTITY, period],
    ).fetchall()
    kept = set()
    for row_id, record_id, field, reason in open_rows:
        if (record_id, field) in wanted and _reason(*wanted[record_id, field]) == reason:
            kept.add((record_id, field))
        else:
            conn.execute("update ops.quarantine set resolved_at = now() where id = %s", [row_id])
    for key, (item, error) in wanted.items():
        if key not in kept:
            payload = {"period": period, "line_number": item.line_number, "fix": error.fix}
            conn.execute(
                "insert into ops.quarantine (run_id, source, entity, record_id, field, reason, payload) values (%s, %s, %s, %s, %s, %s, %s)",
                [run_id, SOURCE, ENTITY, *key, _reason(item, error), Jsonb(payload)],
            )


def _record_id(item: Rejected) -> str:
    return item.record["fiscal_number"] or f"línea {item.line_number}"


def _reason(item: Rejected, error: Exception) -> str:
    """The reason with the customer's identification masked to its last three characters."""
    number = item.record["customer_id"] or ""
    return error.reason.replace(number, "…" + number[-3:]) if len(number) > 3 else error.reason
