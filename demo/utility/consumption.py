"""Consumption and the kind of each month's reading, for all contracts at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.utility.catalogue import Calendar, catalogue
from demo.utility.network import USER_TYPES, Network

SEASON = np.array([0.98, 0.97, 1.00, 1.02, 1.04, 1.08, 1.14, 1.15, 1.06, 1.00, 0.95, 1.01])  # January .. December
LEAK = ("MOC-05", 5, 0.14)  # sector; months before the end at which the leak begins; growth a month
INCIDENT = (5, "MOC-02", 1.0)  # months before the last closed one; sector whose readings were entered doubled; share of its real readings
REAL, ESTIMATED, ADJUSTED = 0, 1, 2
INCIDENTS = ["none", "no_access", "meter_broken", "meter_buried", "dog", "other"]


@dataclass
class Consumption:
    """(contracts × months) arrays. `billed_on`: the m³ that the invoice took (doubled in the incident), before the tariff's minimum."""

    m3: np.ndarray
    kind: np.ndarray
    incident: np.ndarray
    doubled: np.ndarray

    @property
    def billed_on(self) -> np.ndarray:
        return np.where(self.doubled, self.m3 * 2, self.m3)


def incident_month(calendar: Calendar) -> int:
    """Index of the month with the billing incident."""
    return len(calendar) - 2 - INCIDENT[0]


def simulate_consumption(net: Network, calendar: Calendar, rng: np.random.Generator) -> Consumption:
    """What each contract used and what the utility took it for: estimates while nobody reads, made good at the next reading."""
    n, months = len(net), len(calendar)
    used = _used(net, calendar, rng)
    read, incident = _visits(net, months, rng)
    m3, kind = np.zeros((n, months), np.int64), np.zeros((n, months), np.int8)
    owed = np.zeros(n, np.int64)  # used since the last reading, less what was estimated
    habit = used[:, :3].mean(axis=1)
    for m in range(months):
        begun = net.first_month <= m
        owed += np.where(begun, used[:, m], 0)
        seen = read[:, m]
        guess = np.rint(habit).astype(np.int64)
        taken = np.where(seen, np.maximum(owed, 0), guess)
        kind[:, m] = np.where(seen, np.where(owed < 0, ADJUSTED, REAL), ESTIMATED)
        owed = np.where(seen, 0, owed - taken)
        m3[:, m] = taken
        habit = np.where(begun, habit * 0.7 + used[:, m] * 0.3, habit)
    doubled = np.zeros((n, months), bool)
    m = incident_month(calendar)
    hit = (net.sector == _sector_index(INCIDENT[1])) & (kind[:, m] == REAL) & (net.first_month <= m) & (rng.random(n) < INCIDENT[2])
    doubled[:, m] = hit & (m3[:, m] > 8)
    kind[doubled] = ADJUSTED
    incident[kind != ESTIMATED] = 0
    return Consumption(m3, kind, incident, doubled)


def _sector_index(code: str) -> int:
    return next(i for i, s in enumerate(catalogue()["sectors"]) if s["code"] == code)


def _used(net: Network, calendar: Calendar, rng: np.random.Generator) -> np.ndarray:
    n, months = len(net), len(calendar)
    mean = np.array([catalogue()["user_types"][u]["mean_m3"] for u in USER_TYPES])[net.user_type] * rng.lognormal(-0.08, 0.4, n)
    mean = np.where(rng.random(n) < 0.02, 0.0, mean)  # empty houses
    season = SEASON[[d.month - 1 for d in calendar.first_days]]
    leak = np.zeros(months)
    leak[-LEAK[1]:] = np.arange(1, LEAK[1] + 1) * LEAK[2]
    leaking = (net.sector == _sector_index(LEAK[0])) & (rng.random(n) < 0.7)
    factor = season * (1 + leaking[:, None] * leak)
    return np.rint(mean[:, None] * factor * rng.lognormal(-0.02, 0.2, (n, months))).astype(np.int64)


def _visits(net: Network, months: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Whether each month's reading was had (misses come in runs), and why not."""
    n = len(net)
    hardship = np.array([s["hardship"] for s in catalogue()["sectors"]])[net.sector]
    start = 0.015 + 0.05 * hardship
    read = np.ones((n, months), bool)
    reason = rng.choice([1, 2, 3, 4, 5], (n, months), p=[0.5, 0.18, 0.12, 0.12, 0.08]).astype(np.int8)
    for m in range(months):
        stays = ~read[:, m - 1] if m else np.zeros(n, bool)
        read[:, m] = rng.random(n) >= np.where(stays, 0.55, start)
        if m:
            reason[:, m] = np.where(stays & ~read[:, m], reason[:, m - 1], reason[:, m])
    read[~net.metered] = False
    return read, reason
