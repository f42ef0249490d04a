"""Mistakes of billing runs, planted by rule: a run launched twice bills some contracts again, and a run leaves some contracts out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.utility.catalogue import Calendar, catalogue
from demo.utility.network import Network

# months before the last closed one; sector; the first contract of the sector that it happens to, and one in so many after it
TWICE = (3, "CGE-01", 1, 12)
LEFT_OUT = (2, "SVI-01", 2, 12)
NOTICED = 2  # one in so many of the bills made twice was noticed, and credited whole


@dataclass(frozen=True)
class Mistakes:
    """Contract → index of the month. `noticed`: the contracts of `twice` whose second bill was credited."""

    twice: dict[int, int]
    left_out: dict[int, int]
    noticed: frozenset[int]

    def __contains__(self, contract: int) -> bool:
        return contract in self.twice or contract in self.left_out


def mistakes(net: Network, calendar: Calendar) -> Mistakes:
    """Which contracts each mistake falls on: old ones, that are billed all along."""
    twice, left_out = _fallen_on(net, calendar, *TWICE), _fallen_on(net, calendar, *LEFT_OUT)
    return Mistakes(twice, left_out, frozenset(list(twice)[NOTICED - 1::NOTICED]))


def _fallen_on(net: Network, calendar: Calendar, before: int, sector: str, first: int, step: int) -> dict[int, int]:
    place = next(i for i, s in enumerate(catalogue()["sectors"]) if s["code"] == sector)
    there = np.flatnonzero((net.sector == place) & net.sector_known & ~net.excluded & (net.first_month == 0))
    return dict.fromkeys(there[first::step].tolist(), len(calendar) - 2 - before)
