"""Why a row differs between source and warehouse, in the words a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

NOTHING = Decimal("0.00")

CREATED_LATER, CHANGED_LATER, QUARANTINED, MISSING, MISSED, SILENT, HIDDEN, DELETED, KEPT, GONE = (
    "created_later", "changed_later", "quarantined", "missing", "missed", "silent", "hidden", "deleted", "kept", "gone")
WORDS = {
    CREATED_LATER: "creada después de la última réplica",
    CHANGED_LATER: "cambió después de la última réplica",
    QUARANTINED: "en cuarentena",
    MISSING: "falta en el almacén, aunque ya existía en la última réplica",
    MISSED: "cambió antes de la última réplica y el cambio no llegó",
    SILENT: "cambió sin write_date",
    HIDDEN: "oculta al usuario de réplica (regla de registro, compañía o dominio del mapeo)",
    DELETED: "borrada en Odoo",
    KEPT: "borrada en Odoo y conservada aquí (deletes: keep)",
    GONE: "borrada u oculta en Odoo",
}
PENDING = frozenset({CREATED_LATER, CHANGED_LATER, KEPT})  # the next run brings them, or the mapping wants them so
REMEDY = {
    CREATED_LATER: "caudal replicate", CHANGED_LATER: "caudal replicate", DELETED: "caudal replicate", GONE: "caudal replicate",
    QUARANTINED: "corrija la fila en Odoo según ops.quarantine y replique",
    MISSING: "caudal replicate", MISSED: "caudal replicate --full", SILENT: "caudal replicate --full",
    HIDDEN: "revise en Odoo los permisos y compañías del usuario de réplica",
}


@dataclass(frozen=True)
class Side:
    """What one side says of a row; `changed_at` is the entity's change column."""

    day: date | None
    state: str | None
    amount: Decimal | None
    changed_at: datetime | None

    @property
    def key(self) -> tuple[date | None, str | None]:
        return self.day, self.state


@dataclass(frozen=True)
class Record:
    """One row that differs: its key, what each side says (None: it is not there), and why. `detail` is the quarantine's own reason."""

    id: int
    source: Side | None
    warehouse: Side | None
    reason: str
    detail: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.reason in PENDING

    @property
    def keys(self) -> list[tuple[date | None, str | None]]:
        return [side.key for side in (self.source, self.warehouse) if side]

    def is_one_sided_in(self, key: tuple[date | None, str | None]) -> bool:
        """Whether only one side has the row in this group."""
        return (self.source is not None and self.source.key == key) != (self.warehouse is not None and self.warehouse.key == key)

    def share(self, key: tuple[date | None, str | None]) -> tuple[int, Decimal]:
        """What the row makes of the group's difference, source less warehouse: rows and RD$."""
        net, amount = 0, NOTHING
        for side, sign in ((self.source, 1), (self.warehouse, -1)):
            if side and side.key == key:
                net, amount = net + sign, amount + sign * (side.amount or NOTHING)
        return net, amount

    @property
    def words(self) -> str:
        """`123: cambió sin write_date (RD$ 10.00 en Odoo, RD$ 9.00 en el almacén)`."""
        extra = [self.detail] if self.detail else []
        if self.source and self.warehouse:
            if self.source.amount != self.warehouse.amount:
                extra.append(f"RD$ {self.source.amount or NOTHING:,.2f} en Odoo, RD$ {self.warehouse.amount or NOTHING:,.2f} en el almacén")
            if self.source.state != self.warehouse.state:
                extra.append(f"{self.source.state or 'sin estado'} en Odoo, {self.warehouse.state or 'sin estado'} en el almacén")
            if self.source.day != self.warehouse.day:
                extra.append(f"{_day(self.source.day)} en Odoo, {_day(self.warehouse.day)} en el almacén")
        return f"{self.id}: {WORDS[self.reason]}" + (f" ({'; '.join(extra)})" if extra else "")

    def as_dict(self) -> dict[str, Any]:
        """For JSON; amounts as text, so that no reader turns them into floats."""
        return {
            "id": self.id, "reason": self.reason, "reason_es": WORDS[self.reason], "pending": self.is_pending, "detail": self.detail,
            **{name: _side(side) for name, side in (("source", self.source), ("warehouse", self.warehouse))}}


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {"day": side.day.isoformat() if side.day else None, "state": side.state, "amount": None if side.amount is None else str(side.amount)}


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else "sin fecha"
