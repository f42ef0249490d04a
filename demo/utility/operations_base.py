"""What the parts of operations share: moments of the working day, staff, and the names of contracts' places."""

from __future__ import annotations

import numpy as np

from demo.utility.catalogue import ENDS_AT, TODAY, UTC_OFFSET_H, day_number
from demo.utility.ledger import DAY_US, HOUR_US
from demo.utility.stamps import SET_UP, USERS

MINUTE_US = 60_000_000
NOW = day_number(TODAY) * DAY_US + ENDS_AT.hour * HOUR_US + ENDS_AT.minute * MINUTE_US  # µs UTC; nothing happens later


def at_hour(day: np.ndarray | int, hour: np.ndarray | float) -> np.ndarray | int:
    """The moment (µs UTC) of `hour` o'clock in Santo Domingo on `day`."""
    moment = np.asarray(day, dtype=np.int64) * DAY_US + np.asarray((np.asarray(hour) + UTC_OFFSET_H) * HOUR_US, dtype=np.int64)
    return int(moment) if moment.ndim == 0 else moment


def uid(login: str) -> int:
    """Id of the user `login`. Raises StopIteration when there is none."""
    return next(i for i, user in enumerate(USERS, 1) if user[0] == login)


def since_set_up(moments: np.ndarray) -> np.ndarray:
    """When a record was created: not before there was a system to write it in, nor after the end of the history."""
    return np.clip(moments, SET_UP, NOW)
