"""Odoo's own tables, written after the utility's: the accounting route, users and groups, the trails of changes, documents, tickets.

All of it is drawn from a generator of its own, so that it leaves the rest of the utility as it is.
"""

from __future__ import annotations

import numpy as np
from psycopg import Connection, sql

from demo.utility.platform_audit import write_audit
from demo.utility.platform_desk import write_documents, write_tickets
from demo.utility.platform_people import write_people
from demo.utility.platform_routes import write_routes
from demo.utility.platform_trail import write_trail

# filled with the tables themselves, or by whoever serves them
ELSEWHERE = ("ir_model", "ir_model_fields", "ir_model_fields_selection", "res_users_apikeys")
STREAM = 18  # tells this generator from the others of the same seed


def write_platform(conn: Connection, rows: dict[str, int], seed: int) -> None:
    """Write them, and count them into `rows`."""
    rng = np.random.default_rng([seed, STREAM])
    for table in ELSEWHERE:
        rows[table] = conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()[0]
    write_routes(conn, rows)
    write_people(conn, rows, rng)
    write_trail(conn, rows, rng)
    write_audit(conn, rows, rng)
    write_documents(conn, rows, rng)
    write_tickets(conn, rows, rng)
