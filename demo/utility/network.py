"""Contracts, supply points and meters as arrays: one contract a supply point, one row a contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.utility.catalogue import TODAY, Calendar, Size, catalogue, day_number
from demo.utility.geography import scatter, to_degrees

USER_TYPES = ["RES", "COM", "IND", "GUB"]
ROUTE_WEIGHT = 4  # a route for each this much of a sector's weight
NO_SECTOR_SHARE, NO_METER_SHARE, EXCLUDED_SHARE = 0.004, 0.03, 0.006


@dataclass
class Network:
    """Arrays over contracts (n), sorted by the day they began. −1 = none. Days are day numbers, months are indexes of the calendar."""

    sector: np.ndarray  # index into the catalogue's sectors; always the true place
    sector_known: np.ndarray  # False: nobody entered it
    route: np.ndarray  # index into routes
    routes: list[tuple[int, str]]  # (sector index, code)
    user_type: np.ndarray
    cycle: np.ndarray
    has_sewer: np.ndarray
    cuttable: np.ndarray
    excluded: np.ndarray
    started_day: np.ndarray
    first_month: np.ndarray
    has_point: np.ndarray
    latitude: np.ndarray  # micro-degrees
    longitude: np.ndarray
    metered: np.ndarray
    digits: np.ndarray
    first_index: np.ndarray  # m³ on the meter before the first month
    installed_day: np.ndarray
    replaced_month: np.ndarray

    def __len__(self) -> int:
        return len(self.sector)


def build_network(size: Size, calendar: Calendar, rng: np.random.Generator) -> Network:
    """Draw the network of a utility of `size`."""
    sectors, n, months = catalogue()["sectors"], size.contracts, len(calendar)
    sector = _spread([s["weight"] for s in sectors], n, rng)
    starts = _starts(size, calendar, rng)
    routes = [(i, f"{s['code']}-R{k + 1}") for i, s in enumerate(sectors) for k in range(1 + s["weight"] // ROUTE_WEIGHT)]
    first_route = np.array([next(r for r, (i, _) in enumerate(routes) if i == k) for k in range(len(sectors))])
    per_sector = np.bincount([i for i, _ in routes])
    latitude, longitude, angle = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
    for i, spec in enumerate(sectors):
        here = np.flatnonzero(sector == i)
        points = scatter(spec["code"], len(here), rng)
        angle[here] = (np.arctan2(*(points - points.mean(axis=0)).T) / (2 * np.pi)) % 1
        lon, lat = to_degrees(points[:, 0], points[:, 1])
        latitude[here], longitude[here] = np.rint(lat * 1e6), np.rint(lon * 1e6)
    user_type = _spread([catalogue()["user_types"][u]["share"] for u in USER_TYPES], n, rng)
    before, first = rng.integers(30, 365 * 12, n), day_number(calendar.first_days[0])
    installed = np.where(starts < first, first - before, starts - before % 20)  # a new connection gets a new meter
    replaced = np.where(rng.random(n) < 0.05, rng.integers(2, months - 1, n), -1)
    digits = np.where(rng.random(n) < 0.12, 4, 5)
    index = rng.integers(200, 9_000, n)
    index = np.where((digits == 4) & (rng.random(n) < 0.6), rng.integers(9_700, 9_990, n), index)  # these roll over within the history
    excluded = rng.random(n) < EXCLUDED_SHARE
    excluded[n // 3] = True
    known = rng.random(n) >= NO_SECTOR_SHARE
    known[[n // 5, n // 2]] = False
    has_point = np.ones(n, bool)
    has_point[n // 7] = False
    return Network(
        sector=sector, sector_known=known, route=first_route[sector] + (angle * per_sector[sector]).astype(int), routes=routes, user_type=user_type,
        cycle=np.array([s["cycle"] for s in sectors])[sector], has_sewer=rng.random(n) < np.array([s["sewer"] for s in sectors])[sector],
        cuttable=(user_type != 3) & (rng.random(n) > 0.02), excluded=excluded, started_day=starts,
        first_month=np.maximum(np.searchsorted(calendar.month_numbers, starts, side="left"), 0), has_point=has_point,
        latitude=latitude, longitude=longitude, metered=rng.random(n) >= NO_METER_SHARE, digits=digits, first_index=index,
        installed_day=installed, replaced_month=replaced,
    )


def _spread(weights: list[float], n: int, rng: np.random.Generator) -> np.ndarray:
    """n draws in the exact proportions of `weights` (at least one each), shuffled."""
    exact = np.array(weights) / sum(weights) * n
    counts = np.maximum(np.floor(exact).astype(int), 1)
    for i in np.argsort(counts - exact, kind="stable"):
        if counts.sum() >= n:
            break
        counts[i] += 1
    counts[np.argmax(counts)] += n - counts.sum()
    return rng.permutation(np.repeat(np.arange(len(weights)), counts))


def _starts(size: Size, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    """Days on which contracts began: most before the history, the rest spread over it."""
    n, first = size.contracts, day_number(calendar.first_days[0])
    old = int(n * size.from_start)
    before = first - rng.integers(60, 365 * 15, old)
    within = rng.integers(first + 5, day_number(TODAY) - 20, n - old)
    return np.sort(np.concatenate([before, within]))
