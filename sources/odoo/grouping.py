"""Odoo's sums by day and state, as both of its methods give them: `read_group` (to 18) and `formatted_read_group` (from 19 on).

Odoo adds up, only the sums travel. A group's day is read from what is for programs: its own text is for people, in their language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sources.contract import Entity, Tally


@dataclass(frozen=True)
class Question:
    """What to group by and what to add up, in Odoo's names; None where the entity has no such thing."""

    day: str | None
    state: str | None
    amount: str | None

    @classmethod
    def of(cls, entity: Entity, amount_is_stored: bool) -> Question:
        """Odoo cannot add up what it does not store: the amount is then not asked for."""
        day, state, amount = (entity.column(name).source if name else None for name in (entity.day, entity.state, entity.amount))
        return cls(day, state, amount if amount_is_stored else None)

    @property
    def groups(self) -> list[str]:
        return [*([f"{self.day}:day"] if self.day else []), *([self.state] if self.state else [])]

    def since(self, day: date | None) -> list[tuple[str, str, str]]:
        """The condition that leaves only days from `day` on."""
        return [(self.day, ">=", day.isoformat())] if self.day and day else []

    def read_group(self) -> dict[str, Any]:
        """Arguments of `read_group`."""
        return {"fields": ["max_id:max(id)", *([f"{self.amount}:sum"] if self.amount else [])], "groupby": self.groups, "lazy": False}

    def formatted_read_group(self) -> dict[str, Any]:
        """Arguments of `formatted_read_group`."""
        return {"aggregates": ["__count", "id:max", *([f"{self.amount}:sum"] if self.amount else [])], "groupby": self.groups}

    def answer(self, rows: list[Mapping[str, Any]], formatted: bool) -> Iterator[Tally]:
        """The tallies in an answer of either method."""
        for row in rows:
            if not row["__count"]:  # of nothing, without groups, Odoo gives one row
                continue
            amount = row[f"{self.amount}:sum" if formatted else self.amount] if self.amount else None
            yield Tally(
                day=self._day(row, formatted), state=(row[self.state] or None) if self.state else None, rows=row["__count"],
                amount=cents(amount) if self.amount else None, max_id=row["id:max" if formatted else "max_id"])

    def _day(self, row: Mapping[str, Any], formatted: bool) -> date | None:
        if not self.day:
            return None
        group = f"{self.day}:day"
        if formatted:  # [day, text], or False
            return date.fromisoformat(row[group][0][:10]) if row[group] else None
        days = row["__range"][group]  # {from, to}, or False
        return date.fromisoformat(days["from"][:10]) if days else None


def cents(value: float | bool | None) -> Decimal:
    """A sum as Odoo gives it, a float, to the cent."""
    return Decimal(repr(value or 0)).quantize(Decimal("0.01"))
