"""The two sides beside each other: groups (a day and a state), their differences, and what of them the explained rows take away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sources.contract import Tally
from sources.reconciliation.reasons import QUARANTINED, Record

Key = tuple[date | None, str | None]
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Tolerance:
    """How much an entity may differ: rows, and RD$, added up over its days and states without regard to sign. With `strict`, what is
    merely newer than the last replication counts too."""

    rows: int = 0
    amount: Decimal = NOTHING
    strict: bool = False


@dataclass
class Group:
    """One day and state of an entity. Differences are source less warehouse; `amount_difference` is None when a side cannot say."""

    key: Key
    source: Tally | None
    warehouse: Tally | None
    records: list[Record] = field(default_factory=list)
    pending_rows: int = 0
    pending_net: int = 0
    pending_amount: Decimal = NOTHING
    explained_net: int = 0
    explained_amount: Decimal = NOTHING

    @property
    def rows_difference(self) -> int:
        return (self.source.rows if self.source else 0) - (self.warehouse.rows if self.warehouse else 0)

    @property
    def amount_difference(self) -> Decimal | None:
        sides = [tally.amount for tally in (self.source, self.warehouse) if tally]
        if None in sides:
            return None
        return (self.source.amount if self.source else NOTHING) - (self.warehouse.amount if self.warehouse else NOTHING)

    @property
    def agrees(self) -> bool:
        """Rows, amount and highest key are the same on both sides."""
        ids = {tally.max_id if tally else None for tally in (self.source, self.warehouse)}
        return not self.rows_difference and not self.amount_difference and len(ids) == 1

    @property
    def unexplained(self) -> tuple[int, Decimal]:
        """Rows and RD$ of the difference that no listed record accounts for."""
        return self.rows_difference - self.explained_net, (self.amount_difference or NOTHING) - self.explained_amount

    def off(self, strict: bool = False) -> tuple[int, Decimal]:
        """Rows and RD$ (both positive) by which the sides differ, leaving out what is pending unless `strict`.

        A row that one side lacks counts even where another one makes up for it: so does a highest key that nothing explains.
        """
        net, amount = self.rows_difference, self.amount_difference or NOTHING
        if not strict:
            net, amount = net - self.pending_net, amount - self.pending_amount
        alone = sum(1 for r in self.records if r.is_one_sided_in(self.key) and (strict or not r.is_pending))
        unseen = int(not self.agrees and not self.records and not net and not amount)
        return max(abs(net), alone, unseen), abs(amount)

    @property
    def status(self) -> str:
        """ok | pending (only rows newer than the last replication) | difference."""
        if self.agrees:
            return "ok"
        return "difference" if any(self.off()) else "pending"

    @property
    def quarantined_rows(self) -> int:
        return sum(1 for r in self.records if r.reason == QUARANTINED)


def pair(source: Iterable[Tally], warehouse: Iterable[Tally]) -> list[Group]:
    """The groups of both sides by day and state, days in order and those without one at the end."""
    ours, theirs = ({(t.day, t.state): t for t in side} for side in (warehouse, source))
    keys = sorted(ours.keys() | theirs.keys(), key=lambda k: (k[0] is None, k[0] or date.min, k[1] or ""))
    return [Group(key, theirs.get(key), ours.get(key)) for key in keys]


def account(groups: Sequence[Group], records: Sequence[Record]) -> None:
    """Tell each group which records explain it. A row that changed its day or state belongs to two groups."""
    by_key = defaultdict(list)
    for record in records:
        for key in dict.fromkeys(record.keys):
            by_key[key].append(record)
    for group in groups:
        group.records = by_key.get(group.key, [])
        for record in group.records:
            net, amount = record.share(group.key)
            group.explained_net += net
            group.explained_amount += amount
            if record.is_pending:
                group.pending_rows += 1
                group.pending_net += net
                group.pending_amount += amount
