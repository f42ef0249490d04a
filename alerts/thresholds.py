"""When a figure is out of bounds. The bounds themselves come from the semantic layer or from the rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

Level = Literal["warn", "critical"]
Direction = Literal["up", "down"]


def breached(value: Decimal, threshold: Decimal, direction: Direction) -> bool:
    """Whether `value` is on the wrong side. A figure exactly at the threshold is within bounds ("< 85 warn", kpis.md)."""
    return value < threshold if direction == "up" else value > threshold


def level(value: Decimal, warn: Decimal | None, critical: Decimal | None, direction: Direction) -> Level | None:
    """The worst level that `value` reaches. `direction`: "up" = the higher the better, "down" = the lower the better."""
    if critical is not None and breached(value, critical, direction):
        return "critical"
    if warn is not None and breached(value, warn, direction):
        return "warn"
    return None


def consistent(warn: Decimal | None, critical: Decimal | None, direction: Direction) -> bool:
    """Whether the critical bound lies beyond the warning one, so that no figure is critical without being at least a warning."""
    if warn is None or critical is None:
        return True
    return critical <= warn if direction == "up" else critical >= warn
