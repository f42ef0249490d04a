"""Requests for service, and the appointments of those who came to an office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import TODAY, catalogue, day_number
from demo.utility.ledger import HOUR_US
from demo.utility.operations_base import MINUTE_US, NOW, at_hour, since_set_up, uid
from demo.utility.operations_tariffs import Changes
from demo.utility.service_tables import cuts_in_order
from demo.utility.stamps import ids_from, stamps

DAYS = {"new_connection": 15, "tariff_change": 10, "holder_change": 5, "duplicate": 1, "reconnection": 2, "inspection": 7}
CHANNELS = ["office", "phone", "web", "whatsapp"]
CHANNEL_SHARES = [0.52, 0.2, 0.13, 0.15]
RATES = {"holder_change": 0.0010, "duplicate": 0.0022, "inspection": 0.0007}  # of the contracts, each month
PROSPECTS = 4  # connections asked for by people who have no contract yet
LATE_SHARE, WITHDRAWN_SHARE, BOOKED_SHARE = 0.09, 0.04, 0.4
OFFICES = ["Oficina Moca", "Oficina San Víctor"]


@dataclass
class Request:
    """One request; days are day numbers, −1 = none. A contract of −1 is not signed yet."""

    kind: str
    contract: int
    asked: int
    closed: int
    state: str = "done"


@dataclass
class Requests:
    """The requests by id, less one: when each was made (µs UTC) and by which channel."""

    found: list[Request]
    requested: np.ndarray
    channel: np.ndarray

    def __getitem__(self, key: tuple[str, int]) -> int:
        """Id of the first request of (kind, contract). Raises StopIteration when there is none."""
        return next(i for i, r in enumerate(self.found, 1) if (r.kind, r.contract) == key)


def write_requests(conn: Connection, rows: dict[str, int], books: Books, changes: Changes, rng: np.random.Generator) -> Requests:
    """COPY water_service_request. Returns the requests written."""
    found = [*_certain(books, changes), *_others(books, rng)]
    found.sort(key=lambda r: (r.asked, r.kind, r.contract))
    count = len(found)
    contract = np.array([r.contract for r in found])
    asked, closed = (np.array([getattr(r, name) for r in found], dtype=np.int64) for name in ("asked", "closed"))
    requested = since_set_up(at_hour(asked, 8) + (contract + 7) * 61_803_399 % (7 * HOUR_US))
    ended = np.where(closed >= 0, np.minimum(np.maximum(at_hour(closed, 16) + contract * 7_001 % HOUR_US, requested + 20 * MINUTE_US), NOW), -1)
    limit = at_hour(asked + np.array([DAYS[r.kind] for r in found]), 17)
    channel = rng.choice(len(CHANNELS), count, p=CHANNEL_SHARES)
    staff = np.where(channel == 0, uid("caja"), uid("facturacion"))
    rows["water_service_request"] = out.copy_rows(conn, "water_service_request", {
        "id": ids_from(count), **stamps(requested, count, 4, np.maximum(requested, ended)), "name": [f"SOL/{k:06d}" for k in range(1, count + 1)],
        "contract_id": out.integers(np.where(contract >= 0, contract + 1, -1)),
        "partner_id": out.integers(np.where(contract >= 0, books.partner(contract), -1)), "kind": [r.kind for r in found],
        "channel": out.pick(CHANNELS, channel), "state": [r.state for r in found], "requested_at": out.moments(requested),
        "due_at": out.moments(limit), "closed_at": out.moments(ended), "user_id": out.integers(staff),
    })
    return Requests(found, requested, channel)


def _certain(books: Books, changes: Changes) -> Iterator[Request]:
    """Those that something else in the database shows: new contracts, reconnections, changes of tariff."""
    net, first = books.net, int(books.calendar.month_numbers[0])
    for c in np.flatnonzero(net.started_day >= first).tolist():
        started = int(net.started_day[c])
        yield Request("new_connection", c, started - 6 - c % 15, started)
    for contract, kind, _, ordered, executed in cuts_in_order(books.ledger):
        if kind == "reconnection":
            yield Request("reconnection", contract, ordered, executed)
    for contract, asked in zip(changes.contract.tolist(), changes.asked.tolist(), strict=True):
        yield Request("tariff_change", contract, asked, asked + 7)


def _others(books: Books, rng: np.random.Generator) -> Iterator[Request]:
    """Those that leave no other trace, each in a month in which its contract was in force; the last are still open."""
    net, today, first = books.net, day_number(TODAY), int(books.calendar.month_numbers[0])
    n, months = len(net), len(books.calendar)
    for kind, rate in RATES.items():
        count = max(int(n * months * rate), 4)
        limit = DAYS[kind]
        draws = zip(rng.integers(0, n, count).tolist(), rng.integers(first, today, count).tolist(), rng.random((count, 3)).tolist(), strict=True)
        for contract, asked, (u, v, w) in draws:
            if net.started_day[contract] > asked or 0 <= books.ledger.ended[contract] <= asked:
                continue
            closed = asked + (int(limit * v * 0.99) if u > LATE_SHARE else limit + 1 + int(v * 12))
            state = "cancelled" if w < WITHDRAWN_SHARE else "done"
            if closed > today:
                closed, state = -1, "new" if w < 0.4 else "in_progress"
            yield Request(kind, contract, asked, closed, state)
    for k in range(PROSPECTS):
        yield Request("new_connection", -1, today - 2 - 6 * k, -1, "new" if k == 0 else "in_progress")


def write_appointments(conn: Connection, rows: dict[str, int], books: Books, requests: Requests, rng: np.random.Generator) -> None:
    """COPY water_appointment: for part of the requests made at an office, for every agreement signed, and some that are still to come."""
    today = day_number(TODAY)
    chosen = np.flatnonzero((requests.channel == 0) & (rng.random(len(requests.found)) < BOOKED_SHARE))
    pairs = [(k + 1, requests.found[k].contract, requests.found[k].asked) for k in chosen.tolist()]
    pairs += [(-1, a[0], a[1]) for a in books.ledger.agreements]
    active = np.flatnonzero(np.array(books.ledger.state) == "active")
    pairs += [(-1, int(active[k * 37 % len(active)]), today + 1 + k % 9) for k in range(max(len(active) // 400, 5))]
    pairs.sort(key=lambda p: (p[2], p[1], p[0]))
    count = len(pairs)
    request, contract, day = np.array(pairs, dtype=np.int64).reshape(-1, 3).T
    slot = at_hour(day, 8) + rng.integers(0, 24, count) * 15 * MINUTE_US
    u = rng.random(count)
    certain = request < 0  # who signed an agreement was there
    coming = day > today
    state = np.select([coming & (u < 0.12), coming, certain, u < 0.1, u < 0.16], [3, 0, 1, 2, 3], 1)
    attended = state == 1
    arrived = np.where(attended, slot + rng.integers(-15, 20, count) * MINUTE_US, -1)
    served = np.where(attended, np.maximum(arrived, slot) + (rng.random(count) ** 3 * 70).astype(int) * MINUTE_US, -1)
    in_san_victor = np.array([s["code"] == "SVI-01" for s in catalogue()["sectors"]])[books.net.sector[contract]]
    booked = since_set_up(at_hour(np.minimum(day, today) - 1 - np.arange(count) % 6, 10) + np.arange(count) * 999_983 % HOUR_US)
    rows["water_appointment"] = out.copy_rows(conn, "water_appointment", {
        "id": ids_from(count), **stamps(booked, count, 4, np.maximum(booked, np.where(attended, served, np.where(coming, booked, at_hour(day, 17))))),
        "request_id": out.integers(request), "contract_id": out.integers(np.where(contract >= 0, contract + 1, -1)),
        "office": out.pick(OFFICES, in_san_victor.astype(int)), "scheduled_at": out.moments(slot), "arrived_at": out.moments(arrived),
        "attended_at": out.moments(served), "state": out.pick(["booked", "attended", "no_show", "cancelled"], state),
    })
