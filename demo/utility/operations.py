"""What the utility's own addons keep around billing and collecting: one call, after the ledger was written. It changes no row of others.

Each part draws from a generator of its own, so that a part that draws more leaves the rows of the others as they are.
"""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility.books import Books
from demo.utility.consumption import Consumption
from demo.utility.operations_cash import write_cash
from demo.utility.operations_cycles import write_cycles
from demo.utility.operations_delivery import write_deliveries
from demo.utility.operations_meters import write_incidents, write_meter_events
from demo.utility.operations_orders import write_orders
from demo.utility.operations_portal import write_portal
from demo.utility.operations_remittances import write_remittances
from demo.utility.operations_requests import write_appointments, write_requests
from demo.utility.operations_tariffs import draw_changes, write_tariffs

STREAM = 4_000  # of the seed sequence: far from whatever else is drawn from the same seed


def write_operations(conn: Connection, books: Books, use: Consumption, seed: int) -> dict[str, int]:
    """COPY the tables of models/operations.yml. Returns the rows of each."""
    rows: dict[str, int] = {}

    def rng(part: int) -> np.random.Generator:
        return np.random.default_rng([seed, STREAM, part])

    write_cash(conn, rows, books, rng(0))
    write_remittances(conn, rows, books, rng(1))
    write_cycles(conn, rows, books, use)
    orders = write_orders(conn, rows, books, rng(2))
    write_meter_events(conn, rows, books, use, orders)
    write_incidents(conn, rows, books, use)
    changes = draw_changes(books, rng(3))
    requests = write_requests(conn, rows, books, changes, rng(4))
    write_tariffs(conn, rows, changes, requests)
    write_appointments(conn, rows, books, requests, rng(5))
    write_portal(conn, rows, books, rng(6))
    write_deliveries(conn, rows, books, rng(7))
    return rows
