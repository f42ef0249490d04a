"""What happened to each meter, and why some readings were not had: events and incidents that follow from the meters and readings written."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import catalogue
from demo.utility.consumption import ESTIMATED, INCIDENTS, Consumption
from demo.utility.network_tables import meter_ids
from demo.utility.operations_base import at_hour, since_set_up, uid
from demo.utility.operations_orders import Order, last_visit
from demo.utility.stamps import USERS, ids_from, stamps

EVENTS = ["installed", "replaced", "retired", "tested"]
INSTALLED, REPLACED, RETIRED, TESTED = range(4)
REASONS = ["instalacion", "vida_util", "detenido", "roto", "reclamo"]
RESOLUTIONS = ["leida", "acceso_coordinado", "medidor_reparado", "medidor_desenterrado", "medidor_cambiado", "sin_medidor"]
OF_KIND = np.array([0, 1, 2, 3, 1, 0])  # index into RESOLUTIONS, by index into INCIDENTS
BY_SWAP, WITHOUT_METER = 4, 5


def write_meter_events(conn: Connection, rows: dict[str, int], books: Books, use: Consumption, orders: list[Order]) -> None:
    """COPY water_meter_event: each meter's installation, its end if it had one, and the tests that claims asked for."""
    net = books.net
    first, second, swapped = meter_ids(net, books.calendar)
    n = len(net)
    change = np.full(n, -1)
    for k, order in enumerate(orders, 1):
        if order.kind == "meter_change":
            change[order.contract] = k
    tests = [(k, o) for k, o in enumerate(orders, 1) if o.kind == "inspection" and o.meter >= 0 and o.ended >= 0]
    index = _indexes(books, use)
    old, new = np.flatnonzero(first >= 0), np.flatnonzero(second >= 0)
    size = 10 ** net.digits
    final = (index[new, net.replaced_month[new] - 1] if len(new) else np.zeros(0, np.int64)) % size[new]
    tested = np.array([o.contract for _, o in tests], dtype=np.int64)
    day_tested = np.array([last_visit(o) for _, o in tests], dtype=np.int64)
    month = np.searchsorted(books.calendar.month_numbers, day_tested, side="right") - 1
    meter_tested = np.array([o.meter for _, o in tests], dtype=np.int64)
    is_new = meter_tested == second[tested]
    base = np.where(is_new, index[tested, np.maximum(net.replaced_month[tested] - 1, 0)], 0)
    seen = (index[tested, np.maximum(month - 1, 0)] - base) % np.where(is_new, 10**5, size[tested])
    why = 1 + new % 3
    parts = [  # kind, meter, contract, day, index, reason, order
        (INSTALLED, first[old], old, net.installed_day[old], np.zeros(len(old), int), np.zeros(len(old), int), np.full(len(old), -1)),
        (INSTALLED, second[new], new, swapped[new], np.zeros(len(new), int), why, change[new]),
        (REPLACED, first[new], new, swapped[new], final, why, change[new]),
        (RETIRED, first[new], new, swapped[new], final, why, change[new]),
        (TESTED, meter_tested, tested, day_tested, np.maximum(seen, 0), np.full(len(tests), 4), np.array([k for k, _ in tests], dtype=np.int64)),
    ]
    kind = np.concatenate([np.full(len(p[1]), p[0]) for p in parts])
    meter, contract, day, value, reason, order = (np.concatenate([np.asarray(p[i], dtype=np.int64) for p in parts]) for i in range(1, 7))
    rank = np.lexsort([kind, meter, day])
    kind, meter, contract, day, value, reason, order = (a[rank] for a in (kind, meter, contract, day, value, reason, order))
    created = since_set_up(at_hour(day, 14) + meter * 997)
    rows["water_meter_event"] = out.copy_rows(conn, "water_meter_event", {
        "id": ids_from(len(kind)), **stamps(created, len(kind), 4), "meter_id": out.integers(meter),
        "supply_point_id": out.integers(np.where(net.has_point[contract], contract + 1, -1)), "kind": out.pick(EVENTS, kind),
        "happened_on": out.days(day), "reading_value": out.integers(value), "reason": out.pick(REASONS, reason), "work_order_id": out.integers(order),
        "user_id": str(uid("facturacion")),
    })


def _indexes(books: Books, use: Consumption) -> np.ndarray:
    """What the first meter would show at each month's reading, dial apart (contracts × months)."""
    return np.cumsum(np.where(books.ledger.planned, use.m3, 0), axis=1) + books.net.first_index[:, None]


def write_incidents(conn: Connection, rows: dict[str, int], books: Books, use: Consumption) -> None:
    """COPY water_reading_incident: one row for each reading with an incident, resolved when the meter was read again."""
    net, calendar, planned = books.net, books.calendar, books.ledger.planned
    months = planned.shape[1]
    first, second, _ = meter_ids(net, calendar)
    seen = planned & (use.kind != ESTIMATED)
    after = np.where(seen, np.arange(months), months)  # the month of the next reading had, from each month on
    after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    c, m = np.nonzero(planned & (use.kind == ESTIMATED))
    reading = books.masters.reading_id[c, m]
    rank = np.argsort(reading, kind="stable")
    c, m, reading = c[rank], m[rank], reading[rank]
    has_meter = (first[c] >= 0) | (second[c] >= 0)
    kind = np.where(has_meter, use.incident[c, m], INCIDENTS.index("other")).astype(int)
    cycles = np.array(catalogue()["billing_cycles"])
    visit = calendar.month_numbers[np.minimum(m, months - 1)] + cycles[net.cycle[c]] - 5
    again = after[c, m]
    solved = np.where(has_meter, again < months, True)
    by_swap = has_meter & solved & (m < net.replaced_month[c]) & (net.replaced_month[c] <= again) & (second[c] >= 0)
    resolution = np.select([~has_meter, ~solved, by_swap], [WITHOUT_METER, -1, BY_SWAP], OF_KIND[kind])
    noise = c * 61_803_399 % (60 * 60_000_000)
    reported = at_hour(visit, 16) + noise
    next_visit = calendar.month_numbers[np.minimum(again, months - 1)] + cycles[net.cycle[c]] - 5
    resolved = np.where(solved, np.where(has_meter, at_hour(next_visit, 16) + noise, at_hour(visit, 17.2)), -1)
    uids = len(USERS) + 1 + net.route[c] % len(catalogue()["readers"])
    rows["water_reading_incident"] = out.copy_rows(conn, "water_reading_incident", {
        "id": ids_from(len(c)), **stamps(reported, len(c), 4, np.maximum(reported, resolved)), "create_uid": out.integers(uids),
        "reading_id": out.integers(reading), "contract_id": out.integers(c + 1), "kind": out.pick(INCIDENTS, kind),
        "reported_at": out.moments(reported), "state": out.pick(["open", "resolved"], solved.astype(int)), "resolved_at": out.moments(resolved),
        "resolution": out.pick(RESOLUTIONS, resolution),
    })
