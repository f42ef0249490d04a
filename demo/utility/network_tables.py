"""Tables of the network: sectors, routes, supply points, contracts, meters and the readings of each month."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.catalogue import UTC_OFFSET_H, Calendar, catalogue
from demo.utility.consumption import ESTIMATED, INCIDENTS, Consumption
from demo.utility.ledger import DAY_US, HOUR_US, Ledger
from demo.utility.network import Network
from demo.utility.stamps import COMPANY, SET_UP, USERS, ids_from, stamps


def write_places(conn: Connection, rows: dict[str, int], net: Network) -> None:
    """COPY sectors, routes and supply points."""
    sectors = catalogue()["sectors"]
    municipalities = list(catalogue()["municipalities"])
    rows["water_sector"] = out.copy_rows(conn, "water_sector", {
        "id": ids_from(len(sectors)), **stamps(SET_UP, len(sectors)), "active": "t", "name": out.texts([s["name"] for s in sectors]),
        "code": [s["code"] for s in sectors], "municipality_id": [str(municipalities.index(s["municipality"]) + 1) for s in sectors],
    })
    codes = [code for _, code in net.routes]
    rows["water_route"] = out.copy_rows(conn, "water_route", {
        "id": ids_from(len(codes)), **stamps(SET_UP, len(codes)), "active": "t", "name": [f"Ruta {code}" for code in codes], "code": codes,
        "sector_id": [str(sector + 1) for sector, _ in net.routes],
    })
    kept = np.flatnonzero(net.has_point)
    streets = catalogue()["streets"]
    rows["water_supply_point"] = out.copy_rows(conn, "water_supply_point", {
        "id": out.integers(kept + 1), **stamps(_started(net)[kept], len(kept)), "active": "t", "code": [f"PS-{i + 1:06d}" for i in kept.tolist()],
        "sector_id": out.integers(np.where(net.sector_known, net.sector + 1, -1)[kept]),
        "route_id": out.integers(np.where(net.sector_known, net.route + 1, -1)[kept]),
        "address": [f"{streets[i * 7 % len(streets)]} No. {i * 13 % 197 + 1}" for i in kept.tolist()],
        "latitude": _degrees(net.latitude[kept]), "longitude": _degrees(net.longitude[kept]),
        "cadastral_code": [f"09-{s + 1:02d}-{i:05d}" for i, s in zip(kept.tolist(), net.sector[kept].tolist(), strict=True)],
    })


def _degrees(micro: np.ndarray) -> list[str]:
    return [f"{'-' if v < 0 else ''}{abs(v) // 1_000_000}.{abs(v) % 1_000_000:06d}" for v in micro.tolist()]


def _started(net: Network) -> np.ndarray:
    return np.maximum(net.started_day * DAY_US + 15 * HOUR_US + np.arange(len(net)) * 61_803_399 % (4 * HOUR_US), SET_UP)


def write_contracts(conn: Connection, rows: dict[str, int], net: Network, ledger: Ledger, partner: np.ndarray, rng: np.random.Generator) -> None:
    """COPY contracts."""
    n = len(net)
    ended = np.array(ledger.ended)
    last_change = np.zeros(n, np.int64)
    for contract, _, state, ordered, executed in ledger.cuts:
        if state == "done":
            last_change[contract] = max(last_change[contract], (executed if executed >= 0 else ordered) * DAY_US + 17 * HOUR_US + contract)
    last_change = np.maximum(last_change, np.where(ended >= 0, ended * DAY_US + 18 * HOUR_US + 7, 0))
    created = _started(net)
    rows["water_contract"] = out.copy_rows(conn, "water_contract", {
        "id": ids_from(n), **stamps(created, len(created), 4, np.maximum(created, last_change)),
        "active": out.booleans((ended < 0) | (rng.random(n) < 0.5)), "company_id": str(COMPANY), "code": [f"C-{i + 1:06d}" for i in range(n)],
        "partner_id": out.integers(partner), "supply_point_id": out.integers(np.where(net.has_point, np.arange(n) + 1, -1)),
        "user_type_id": out.integers(net.user_type + 1), "state": ledger.state, "date_start": out.days(net.started_day), "date_end": out.days(ended),
        "is_cuttable": out.booleans(net.cuttable), "excluded_from_billing": out.booleans(net.excluded), "has_sewer": out.booleans(net.has_sewer),
    })


def meter_ids(net: Network, calendar: Calendar) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By contract: id of its first meter and of the one that took its place, and the day of the change; −1 for none."""
    first = np.flatnonzero(net.metered)
    second = np.flatnonzero(net.metered & (net.replaced_month > net.first_month))
    first_id, second_id, swapped = np.full((3, len(net)), -1)
    first_id[first], second_id[second] = np.arange(1, len(first) + 1), np.arange(len(first) + 1, len(first) + len(second) + 1)
    swapped[second] = calendar.month_numbers[net.replaced_month[second]] + 1
    return first_id, second_id, swapped


def write_meters(conn: Connection, rows: dict[str, int], net: Network, calendar: Calendar, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """First meters and their replacements. Returns meter ids by contract (−1: none)."""
    point = np.where(net.has_point, np.arange(len(net)) + 1, -1)
    first_id, second_id, swapped = meter_ids(net, calendar)
    first, second = np.flatnonzero(first_id >= 0), np.flatnonzero(second_id >= 0)
    owner = np.concatenate([first, second])
    is_new = np.arange(len(owner)) >= len(first)
    installed = np.where(is_new, swapped[owner], net.installed_day[owner])
    created = np.maximum(installed * DAY_US + 16 * HOUR_US + owner * 997, SET_UP)
    retired = np.where(is_new, -1, swapped[owner])
    written = np.maximum(created, np.where(retired >= 0, retired * DAY_US + 16 * HOUR_US + owner * 997, 0))
    diameter = np.array([13, 19, 50, 25])[net.user_type[owner]]
    rows["water_meter"] = out.copy_rows(conn, "water_meter", {
        "id": ids_from(len(owner)), **stamps(created, len(created), 4, written),
        "active": out.booleans(retired < 0),
        "serial": [f"{'ITR' if k % 3 else 'ELS'}{int(s):08d}" for k, s in enumerate(rng.integers(0, 10**8, len(owner)))],
        "supply_point_id": out.integers(point[owner]), "installed_on": out.days(installed), "retired_on": out.days(retired),
        "replaced_by_id": out.integers(np.where(is_new, -1, second_id[owner])), "digits": out.integers(np.where(is_new, 5, net.digits[owner])),
        "diameter_mm": out.integers(diameter),
    })
    return first_id, second_id


def write_readings(conn: Connection, rows: dict[str, int], net: Network, use: Consumption, ledger: Ledger, calendar: Calendar,
              first_meter: np.ndarray, second_meter: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One row a planned reading. The meter's index adds up what was taken; a new meter begins at 0; the dial goes round at 10^digits."""
    planned = ledger.planned
    n, months = planned.shape
    month = np.arange(months)
    swapped = (second_meter >= 0)[:, None] & (month >= net.replaced_month[:, None])
    at_swap = (second_meter >= 0)[:, None] & (month == net.replaced_month[:, None])
    taken = np.where(planned, use.m3, 0)
    total = np.cumsum(taken, axis=1)
    before_swap = np.max(np.where(at_swap, total - taken, 0), axis=1)
    index = np.where(swapped, total - before_swap[:, None], total + net.first_index[:, None])
    seen = planned & (use.kind != ESTIMATED)
    last_seen = np.maximum.accumulate(np.where(seen, month, -1), axis=1)
    before = np.concatenate([np.full((n, 1), -1), last_seen[:, :-1]], axis=1)  # month of the last reading before this one
    previous = np.where(before >= 0, np.take_along_axis(index, np.maximum(before, 0), axis=1), net.first_index[:, None])
    new_since = swapped & (before < net.replaced_month[:, None])
    previous = np.where(new_since, 0, previous)
    size = 10 ** np.where(swapped, 5, net.digits[:, None])
    c, m = np.nonzero(planned)
    order = np.lexsort([c, calendar.month_numbers[m] + net.cycle[c], m])
    c, m = c[order], m[order]
    ids = np.cumsum(1 + (rng.random(len(c)) < 0.003))
    reading_id = np.full((n, months + 1), -1)
    reading_id[c, m] = ids
    cycles = np.array(catalogue()["billing_cycles"])
    day = calendar.month_numbers[m] + cycles[net.cycle[c]] - 5
    read_at = day * DAY_US + (8 + UTC_OFFSET_H) * HOUR_US + rng.integers(0, 7 * HOUR_US, len(c))
    created = read_at // 1_000_000 * 1_000_000 + 3 * HOUR_US + rng.integers(0, 1_000_000, len(c))
    fixed = use.doubled[c, m]
    written = np.where(fixed, created + 11 * DAY_US, created)
    kind, meter = use.kind[c, m].astype(int), np.where(swapped[c, m], second_meter[c], first_meter[c])
    value = np.where(seen[c, m], index[c, m] % size[c, m], -1)
    first_reader = len(USERS) + 1
    rows["water_reading"] = out.copy_rows(conn, "water_reading", {
        "id": out.integers(ids), **stamps(created, len(created), 4, written),
        "contract_id": out.integers(c + 1), "meter_id": out.integers(meter),
        "route_id": out.integers(np.where(net.sector_known, net.route + 1, -1)[c]),
        "billing_period": out.days(calendar.month_numbers[m]), "read_at": out.moments(np.where(seen[c, m], read_at // 1_000_000 * 1_000_000, -1)),
        "previous_value": out.integers(np.where(meter >= 0, previous[c, m] % size[c, m], -1)), "value": out.integers(value),
        "consumption_m3": out.integers(use.m3[c, m]), "kind": out.pick(["real", "estimated", "adjusted"], kind),
        "incident": out.pick(INCIDENTS, np.where(kind == ESTIMATED, np.where(meter >= 0, use.incident[c, m], 5), 0).astype(int)),
        "reader_id": out.integers(first_reader + net.route[c] % len(catalogue()["readers"])),
    })
    return reading_id
