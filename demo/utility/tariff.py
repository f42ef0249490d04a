"""The block tariff: whole m³ to exact cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from demo.utility.catalogue import catalogue

BLOCKS = 3
_OPEN_END = 10**9


@dataclass(frozen=True)
class Tariff:
    """One user type's tariff sheet. `limits`: upper m³ of each block; `prices`: cents a m³; rising, so that more water never costs less."""

    minimum_m3: int
    limits: tuple[int, ...]
    prices: tuple[int, ...]

    def split(self, m3):
        """m³ of each block for `m3` billed m³ (an int or an integer array): array (..., blocks)."""
        lower = np.array([0, *self.limits[:-1]])
        return np.clip(np.asarray(m3)[..., None] - lower, 0, np.array(self.limits) - lower)

    def billed_m3(self, consumption):
        """m³ billed for what was consumed: at least the minimum."""
        return np.maximum(consumption, self.minimum_m3)

    def charge(self, m3):
        """Cents for `m3` billed m³."""
        return (self.split(m3) * np.array(self.prices)).sum(axis=-1)


def factor_on(month: date) -> Decimal:
    """The factor of the tariff sheet in force in `month`."""
    sheets = {day: Decimal(str(f)) for day, f in catalogue()["tariff_factors"].items()}
    return sheets[max(day for day in sheets if day <= month)]


def tariff(user_type: str, month: date) -> Tariff:
    """The sheet of `user_type` (its code) in force in `month`."""
    spec = catalogue()["user_types"][user_type]
    factor = factor_on(month)
    prices = [int((Decimal(str(price)) * factor * 100).quantize(Decimal(1), ROUND_HALF_UP)) for _, price in spec["blocks"]]
    return Tariff(spec["minimum_m3"], tuple(limit or _OPEN_END for limit, _ in spec["blocks"]), tuple(prices))


def share_of(cents, per_thousand: int):
    """`per_thousand`/1000 of an amount in cents, half a cent up; an int or an integer array."""
    return (cents * per_thousand * 2 + 1000) // 2000
