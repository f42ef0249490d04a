"""What a source and the loader agree on: entities and their columns, batches of rows, and the transport that gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

ColumnType = Literal["id", "many2one", "many2many", "integer", "text", "boolean", "date", "datetime", "money", "quantity", "coordinate"]
DeletePolicy = Literal["tombstone", "keep"]
DriftPolicy = Literal["freeze", "evolve"]

SQL_TYPE: dict[str, str] = {
    "id": "bigint", "many2one": "bigint", "many2many": "bigint[]", "integer": "bigint", "text": "text", "boolean": "boolean", "date": "date",
    "datetime": "timestamp with time zone", "money": "numeric(18,2)", "quantity": "numeric(18,3)", "coordinate": "numeric(9,6)",
}


class SourceError(RuntimeError):
    """The source could not give what was asked; the message (Spanish) says who must do what next and holds no secret."""


class MappingError(SourceError):
    """The mapping is wrong, or no longer fits the source; the message names file, line and field."""


@dataclass(frozen=True)
class Column:
    """One column of a raw table: canonical `name`, `type`, the source's own name for it, and where the mapping says so.

    An `absent` column exists in the raw table and is always NULL: this site's source has no such field.
    """

    name: str
    type: ColumnType
    source: str
    line: int = 0
    absent: bool = False


@dataclass(frozen=True)
class Entity:
    """One canonical entity, as one site maps it. Grain: one row for each `key` of the source.

    `change` is the column that grows when a row changes (None: every run reads all). `amount` is the money column that
    reconciliation adds up; `day` (a date) and `state` are the columns that `caudal reconcile` groups by. `drift` says what happens when the source's fields are no longer those of the mapping. An `absent`
    entity has a raw table and no source at this site. `domain`, `context` and `companies` belong to the transport and mean
    nothing to the loader.
    """

    name: str
    model: str
    columns: tuple[Column, ...]
    key: str = "id"
    change: str | None = "write_date"
    deletes: DeletePolicy = "tombstone"
    amount: str | None = None
    day: str | None = None
    state: str | None = None
    drift: DriftPolicy = "freeze"
    absent: bool = False
    domain: tuple[Any, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    companies: tuple[int, ...] = ()
    file: str = ""
    line: int = 0

    @property
    def table(self) -> str:
        """Name of the table in schema `raw`."""
        return f"odoo_{self.name}"

    @property
    def read(self) -> tuple[Column, ...]:
        """The columns that come from the source: all but the absent ones."""
        return tuple(column for column in self.columns if not column.absent)

    @property
    def fields(self) -> list[str]:
        """The source's names of the columns that come from it, each once."""
        return list(dict.fromkeys(column.source for column in self.read))

    @property
    def created(self) -> str | None:
        """The column that says when the source made a row, where the mapping has Odoo's `create_date`."""
        return next((c.name for c in self.read if c.source == "create_date" and c.type == "datetime"), None)

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
class Rejection:
    """One row that was kept out: its key when it has one, the canonical field, the reason (Spanish) and the row itself."""

    record_id: str | None
    field: str | None
    reason: str
    payload: Any


@dataclass(frozen=True)
class Encoded:
    """Rows as COPY text, in the order of `Entity.read`: `good` of its `count` rows, one a line, and those that were kept out.

    A transport that reads COPY text from its source gives these; a batch of any other kind is converted to one, and kept in `batch`.
    A moment without a time zone is UTC.
    """

    text: bytes
    count: int
    good: int
    rejections: Sequence[Rejection] = ()
    batch: Batch | None = None

    @property
    def held_bytes(self) -> int:
        """About what it takes in memory: the text, and the rows as they came over the wire."""
        return len(self.text) + getattr(self.batch, "wire_bytes", 0)


@dataclass(frozen=True)
class FieldInfo:
    """What the source says of one of its fields: its type name there, whether it is stored, and what a person sees it called."""

    type: str
    stored: bool = True
    label: str = ""
    relation: str | None = None


@dataclass(frozen=True)
class Census:
    """A cheap count of what the source shows: rows, Σ of their keys, the highest key."""

    rows: int
    key_sum: int
    max_key: int | None


@dataclass(frozen=True)
class Pulse:
    """What the source's own server counted of a table so far: rows inserted, rows deleted. Counts of different `epoch` (a restart, a rewritten
    table, statistics set to nothing) cannot be compared."""

    inserted: int
    deleted: int
    epoch: str


@dataclass(frozen=True)
class RangePrint:
    """What is in one range of keys: rows, Σ of keys, Σ of each numeric column (in their order; None where it cannot say), and a
    checksum of every mapped column (None where the source cannot compute one)."""

    rows: int
    key_sum: Decimal | None
    sums: tuple[Decimal | None, ...]
    checksum: Decimal | None


@dataclass(frozen=True)
class Tally:
    """What one side has of a day and a state: rows, Σ of the entity's amount (RD$; None without one), highest key. `day` and `state` are None
    where the row has none or the entity does not say them."""

    day: date | None
    state: str | None
    rows: int
    amount: Decimal | None
    max_id: int | None


class Transport(Protocol):
    """A way to read a source. Every method raises SourceError when the source does not answer or refuses. Thread-safe.

    `source` is the name that rows carry and state is kept under: the same for every transport to the same database. `copies` says
    that all batches are COPY text, that what is read from `resume_from` to `release` is one moment of the source (so that no key comes
    twice), and that reading needs no thread of ours to run ahead.
    """

    source: str
    copies: bool

    def describe(self, entity: Entity) -> dict[str, FieldInfo]:
        """The fields the source has for this entity today."""

    def count(self, entity: Entity, since: datetime | None = None) -> int:
        """How many rows the source shows us (changed at or after `since`)."""

    def census(self, entity: Entity) -> Census | None:
        """Rows, Σ of keys and highest key; None when that would cost as much as `ids`."""

    def pulse(self, entity: Entity) -> Pulse | None:
        """What the server counted before the changes were read; None where it cannot say, or where a row can hide without being deleted."""

    def ids(self, entity: Entity) -> Iterator[list[int]]:
        """Every key the source shows us, ascending, in chunks."""

    def changes(self, entity: Entity, since: datetime | None) -> list[Iterator[Batch | Encoded]]:
        """Rows changed at or after `since` (None: all rows), each once, in streams that may be read at the same time."""

    def rows(self, entity: Entity, ids: Iterable[int]) -> Iterator[Batch | Encoded]:
        """The rows with these keys, as far as they exist and are shown to us."""

    def span(self, entity: Entity, low: int, high: int) -> Iterator[Batch | Encoded]:
        """The rows with low ≤ key < high."""

    def resume_from(self, entity: Entity) -> datetime | None:
        """Where the next incremental run must begin: every change that may still appear will carry this moment or a later one.

        By the source's own clock; None when it has no row. Asked before the changes are read.
        """

    def clock(self) -> datetime | None:
        """What time it is at the source; None when it cannot say."""

    def total(self, entity: Entity, column: Column) -> Decimal | None:
        """Σ of a money column in the source, RD$; None when the source cannot say."""

    def tallies(self, entity: Entity, since: date | None = None) -> Iterator[Tally]:
        """What the source shows us, by day and state of the entity; only days from `since` on (then rows without a day are left out)."""

    def existing(self, entity: Entity, ids: Iterable[int]) -> set[int] | None:
        """Of these keys, those the source has, shown to us or not; None when it cannot say."""

    def hidden(self, entity: Entity) -> int | None:
        """How many rows the source has and does not show us; None when it cannot say."""

    def prints(self, entity: Entity, width: int, keys_only: bool = False) -> dict[int, RangePrint]:
        """Of each range of keys (key // width) that has rows: what is in it. With `keys_only` no more than rows and Σ of keys."""

    def warnings(self, entity: Entity) -> list[str]:
        """What a person should know of how this entity was read, in Spanish. Asked once, at the end."""

    def release(self, entity: Entity) -> None:
        """The run of this entity is over: give back what was held for it."""

    def stop(self, reason: SourceError) -> None:
        """Make every later call raise `reason`: the run was interrupted."""

    def close(self) -> None:
        """Give back connections."""
