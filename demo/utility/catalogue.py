"""The catalogue of the synthetic utility (`catalogue.yml`), read once; sizes and the calendar of a generated history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

TODAY = date(2026, 11, 15)  # the business day at which every history ends; October 2026 is the last closed month
ENDS_AT = datetime(2026, 11, 15, 22, 30)  # UTC: the last moment of the history, half past six in the evening
UTC_OFFSET_H = 4  # Santo Domingo is UTC−4 all year round


@dataclass(frozen=True)
class Size:
    """How much utility: contracts at the end, closed months of history, share of the contracts that is there from the first month."""

    contracts: int
    months: int
    from_start: float


OWN_SIZE = re.compile(r"([1-9]\d{2,4})x([1-9]\d?\d?)")
SIZES = {"tiny": Size(200, 14, 0.90), "demo": Size(5000, 36, 0.68)}


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Any]:
    """The catalogue as it stands in YAML."""
    return yaml.safe_load((Path(__file__).parent / "catalogue.yml").read_text())


def size_named(name: str) -> Size:
    """The size called `name`, or `<contracts>x<months>` (1500x60: what benchmarks multiply); ValueError names the sizes there are."""
    if wanted := OWN_SIZE.fullmatch(name):
        return Size(int(wanted[1]), int(wanted[2]), 0.80)
    if name not in SIZES:
        raise ValueError(f"There is no size {name!r} of the synthetic utility; sizes: {', '.join(SIZES)}.")
    return SIZES[name]


def day_number(day: date) -> int:
    """Days since 1970-01-01, the unit of every day in the generator."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Calendar:
    """The months of a history: closed months and then the current, open one."""

    first_days: list[date]

    @classmethod
    def of(cls, size: Size) -> Calendar:
        last = TODAY.year * 12 + TODAY.month - 1
        return cls([date(k // 12, k % 12 + 1, 1) for k in range(last - size.months, last + 1)])

    def __len__(self) -> int:
        return len(self.first_days)

    @property
    def month_numbers(self) -> np.ndarray:
        """Day number of the first day of each month."""
        return np.array([day_number(d) for d in self.first_days])
