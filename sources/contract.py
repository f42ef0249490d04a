"""What a source and the loader agree on: entities and their columns, batches of rows, and the transport that gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

ColumnType = Literal["id", "many2one", "integer", "text", "boolean", "date", "datetime", "money", "quantity", "coordinate"]
DeletePolicy = Literal["tombstone", "keep"]

SQL_TYPE: dict[str, str] = {
    "id": "bigint", "many2one": "bigint", "integer": "bigint", "text": "text", "boolean": "boolean", "date": "date",
    "datetime": "timestamp with time zone", "money": "numeric(18,2)", "quantity": "numeric(18,3)", "coordinate": "numeric(9,6)",
}


class SourceError(RuntimeError):
    """The source could not give what was asked; the message (Spanish) says who must do what next and holds no secret."""


class MappingError(SourceError):
    """The mapping is wrong, or no longer fits the source; the message names file, line and field."""


@dataclass(frozen=True)
class Column:
    """One column of a raw table: canonical `name`, `type`, the source's own name for it, and where the mapping says so."""

    name: str
    type: ColumnType
    source: str
    line: int = 0


@dataclass(frozen=True)
class Entity:
    """One canonical entity, as one site maps it. Grain: one row for each `key` of the source.

    `change` is the column that grows when a row changes (None: every run reads all). `amount` is the money column that
    reconciliation adds up. `domain` and `context` belong to the transport and mean nothing to the loader.
    """

    name: str
    model: str
    columns: tuple[Column, ...]
    key: str = "id"
    change: str | None = "write_date"
    deletes: DeletePolicy = "tombstone"
    amount: str | None = None
    domain: tuple[Any, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    @property
    def table(self) -> str:
        """Name of the table in schema `raw`."""
        return f"odoo_{self.name}"

    @property
    def fields(self) -> list[str]:
        """The source's names of the columns, each once."""
        return list(dict.fromkeys(column.source for column in self.columns))

    def column(self, name: str) -> Column:
        """The column called `name`. Raises KeyError."""
        return next((c for c in self.columns if c.name == name), None) or _missing(self.name, name)


def _missing(entity: str, name: str) -> Column:
    raise KeyError(f"{entity} has no column {name}")


class Batch(Protocol):
    """Rows as the source gave them, keyed by the source's own field names. They may be parsed only when asked for."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows. Raises SourceError when they cannot be parsed."""


@dataclass(frozen=True)
class FieldInfo:
    """What the source says of one of its fields: its type name there, and whether it is stored."""

    type: str
    stored: bool = True


class Transport(Protocol):
    """A way to read a source. Every method raises SourceError when the source does not answer or refuses."""

    def describe(self, entity: Entity) -> dict[str, FieldInfo]:
        """The fields the source has for this entity today."""

    def count(self, entity: Entity, since: datetime | None = None) -> int:
        """How many rows the source shows us (changed at or after `since`)."""

    def ids(self, entity: Entity) -> Iterator[list[int]]:
        """Every key the source shows us, ascending, in chunks."""

    def changes(self, entity: Entity, since: datetime | None) -> list[Iterator[Batch]]:
        """Rows changed at or after `since` (None: all rows), each once, in streams that may be read at the same time; each ascends by key."""

    def rows(self, entity: Entity, ids: Iterable[int]) -> Iterator[Batch]:
        """The rows with these keys, as far as they exist and are shown to us."""

    def high_water(self, entity: Entity) -> datetime | None:
        """The latest change moment in the source, by the source's own clock; None when it has no row."""

    def total(self, entity: Entity, column: Column) -> Decimal | None:
        """Σ of a money column in the source, RD$; None when the source cannot say."""

    def hidden(self, entity: Entity) -> int | None:
        """How many rows the source has and does not show us; None when it cannot say."""
