"""What both XLSX and PDF writers draw: a heading, and tables of titled columns with a total row computed by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "date", "money", "count", "decimal", "ratio", "change", "points"]
Value = str | date | Decimal | int | None


@dataclass(frozen=True)
class Cell:
    """A value whose kind is its own, not its column's (a table of indicators mixes money and percentages)."""

    value: Value
    kind: Kind


@dataclass(frozen=True)
class Column:
    """`kind` sets alignment and number format; `width` is in characters. Kinds of numbers: `ratio` 0.85 reads `85.0 %`;
    `change` is a signed ratio (`+3.1 %`); `points` are percentage points (0.012 reads `+1.2 p.p.`).
    """

    title: str
    kind: Kind = "text"
    width: int = 16


@dataclass(frozen=True)
class Table:
    """A section. `name` is the sheet's (31 characters at most), `title` what is printed above it.

    `total` has a value for each column, or is None for a table without one; `notes` are printed below.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value | Cell]]
    total: Sequence[Value | Cell] | None = None
    notes: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Heading:
    """The face of a document. `status` is the data-status message; with `warning` it is shown so that nobody overlooks it.

    `stamp` is the creation date in the file's properties.
    """

    organisation: str
    title: str
    subtitle: str
    status: str
    warning: bool
    stamp: datetime


def typed(item: Value | Cell, column: Column) -> Cell:
    """The item with its kind; text in a column of numbers stays text."""
    if isinstance(item, Cell):
        return item
    return Cell(item, "text" if isinstance(item, str) else column.kind)
