"""Work orders: one for each cut order and each meter that was changed, and those that claims and the sewer gave rise to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import TODAY, day_number
from demo.utility.ledger import DAY_US, HOUR_US
from demo.utility.network_tables import meter_ids
from demo.utility.operations_base import MINUTE_US, NOW, at_hour
from demo.utility.service_tables import claims_in_order, cuts_in_order
from demo.utility.stamps import ids_from, stamps

COSTS = {"inspection": 40_000, "meter_change": 285_000, "leak": 160_000, "cut": 35_000, "reconnection": 35_000, "cleaning": 120_000}  # cents
CREWS = {"inspection": ["Inspección 1", "Inspección 2"], "meter_change": ["Medidores"], "leak": ["Redes Norte", "Redes Sur"],
         "cut": ["Cortes 1", "Cortes 2"], "reconnection": ["Cortes 1", "Cortes 2"], "cleaning": ["Alcantarillado"]}
INSPECTED = ("medidor", "consumo_alto", "sin_servicio")  # claims that somebody goes to see
CLEANINGS = 0.0012  # of the contracts with sewer, each month


@dataclass
class Order:
    """One work order. Moments in µs UTC, days as day numbers, −1 = none."""

    kind: str
    contract: int
    requested: int
    scheduled: int
    started: int = -1
    ended: int = -1
    state: str = "done"
    result: str | None = "ejecutada"
    meter: int = -1
    cut: int = -1
    claim: int = -1


def write_orders(conn: Connection, rows: dict[str, int], books: Books, rng: np.random.Generator) -> list[Order]:
    """COPY water_work_order. Returns the orders by id, less one."""
    orders = [*_cuts(books), *_meter_changes(books), *_of_claims(books), *_cleanings(books, rng)]
    orders = [o for o in orders if o.requested <= NOW]
    orders.sort(key=lambda o: (o.requested, o.kind, o.contract))
    count = len(orders)
    requested, started, ended = (np.array([getattr(o, name) for o in orders], dtype=np.int64) for name in ("requested", "started", "ended"))
    contract = np.array([o.contract for o in orders])
    extra = rng.integers(0, 9, count) * 7_500
    done = ended >= 0
    cost = [c if d else out.NULL for c, d in zip(out.cents(np.array([COSTS[o.kind] for o in orders]) + extra), done.tolist(), strict=True)]
    rows["water_work_order"] = out.copy_rows(conn, "water_work_order", {
        "id": ids_from(count), **stamps(requested, count, 4, np.maximum(requested, np.maximum(started, ended))),
        "name": [f"OT/{k:06d}" for k in range(1, count + 1)],
        "kind": [o.kind for o in orders], "contract_id": out.integers(contract + 1),
        "supply_point_id": out.integers(np.where(books.net.has_point[contract], contract + 1, -1)),
        "meter_id": out.integers([o.meter for o in orders]), "cut_order_id": out.integers([o.cut for o in orders]),
        "claim_id": out.integers([o.claim for o in orders]), "state": [o.state for o in orders], "requested_at": out.moments(requested),
        "scheduled_on": out.days([o.scheduled for o in orders]), "started_at": out.moments(started), "ended_at": out.moments(ended),
        "crew": out.texts([CREWS[o.kind][o.contract % len(CREWS[o.kind])] for o in orders]), "result": out.texts([o.result for o in orders]),
        "cost": cost,
    })
    return orders


def _visit(day: int, seed: int) -> tuple[int, int]:
    """Start and end of a visit on `day`, in the working hours."""
    start = at_hour(day, 8) + seed * 7_654_321 % (5 * HOUR_US)
    return start, start + (15 + seed % 37) * MINUTE_US


def _cuts(books: Books) -> Iterator[Order]:
    """The field work of each cut order, in the state that the order has."""
    states = {"done": ("done", "ejecutada"), "pending": ("scheduled", None), "cancelled": ("cancelled", "anulada")}
    for k, (contract, kind, state, ordered, executed) in enumerate(cuts_in_order(books.ledger)):
        started, ended = _visit(executed, k) if executed >= 0 else (-1, -1)
        requested = at_hour(ordered, 9) + k * 7_654_321 % (5 * HOUR_US) + 30 * 1_000_000
        if started >= 0 and executed == ordered:  # it went out the same morning
            started, ended = max(started, requested + MINUTE_US), max(ended, requested + 20 * MINUTE_US)
        what, result = states[state]
        planned = max(ordered, executed - (k % 7 == 0)) if executed >= 0 else ordered + 3  # one in seven is done a day late
        yield Order(kind, contract, requested, planned, started, ended, what, result, cut=k + 1)


def _meter_changes(books: Books) -> Iterator[Order]:
    first, second, swapped = meter_ids(books.net, books.calendar)
    for c in np.flatnonzero(second >= 0).tolist():
        day = int(swapped[c])
        yield Order("meter_change", c, at_hour(day - 6 - c % 14, 10) + c * 61_803_399 % HOUR_US, day, *_visit(day, c), meter=int(first[c]))


def _of_claims(books: Books) -> Iterator[Order]:
    """Leaks to be repaired, and what an inspector is sent to see, the day after the claim."""
    first, second, swapped = meter_ids(books.net, books.calendar)
    for k, (contract, kind, opened, closed, founded) in enumerate(claims_in_order(books.ledger), 1):
        if kind != "fuga" and kind not in INSPECTED:
            continue
        leak = kind == "fuga"
        meter = int(second[contract] if 0 <= swapped[contract] <= opened else first[contract]) if kind == "medidor" else -1
        order = Order("leak" if leak else "inspection", contract, at_hour(opened, 16.5) + k * 1_000_003 % HOUR_US, opened + 1, meter=meter, claim=k)
        if closed >= 0:
            order.started, order.ended = _visit(opened + 1, k)
            order.result = "sin_hallazgo" if founded != 1 else "reparada" if leak else "hallazgo"
        else:
            order.state, order.result = "scheduled", None
            if opened + 1 < day_number(TODAY):
                order.state, order.started = "in_progress", _visit(opened + 1, k)[0]
        yield order


def _cleanings(books: Books, rng: np.random.Generator) -> Iterator[Order]:
    """Sewers that were blocked, while their contract was in force."""
    first, last = int(books.calendar.month_numbers[0]), day_number(TODAY) - 3
    sewer = np.flatnonzero(books.net.has_sewer & (books.net.started_day < first))
    count = max(int(len(sewer) * len(books.calendar) * CLEANINGS), 2)
    for contract, day in zip(rng.choice(sewer, count).tolist(), rng.integers(first + 5, last, count).tolist(), strict=True):
        if not 0 <= books.ledger.ended[contract] <= day:
            yield Order("cleaning", contract, at_hour(day, 8) + contract * 1_234_567 % (8 * HOUR_US), day + 1, *_visit(day + 1, contract))


def last_visit(order: Order) -> int:
    """Day (Santo Domingo) on which an order's work was done."""
    return (order.ended - 4 * HOUR_US) // DAY_US
