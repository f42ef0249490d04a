"""Changes of raw as replication makes them: by a run, whose number the rows carry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def loader_run(conn: psycopg.Connection) -> Iterator[int]:
    """A run of replication: its number, and ok when the block is done. Each statement of the block commits."""
    run_id = conn.execute("insert into ops.run (pipeline, entity) values ('replicate', 'lab') returning run_id").fetchone()[0]
    yield run_id
    conn.execute("update ops.run set status = 'ok', ended_at = now() where run_id = %s", [run_id])


def charge(conn: psycopg.Connection, line: int, amount: int) -> None:
    """Change the amount of an invoice line."""
    run = conn.execute("insert into ops.run (pipeline, status) values ('replicate', 'ok') returning run_id").fetchone()[0]
    conn.execute("update raw.odoo_account_move_line set price_subtotal = price_subtotal + %s, _run_id = %s where id = %s", [amount, run, line])
