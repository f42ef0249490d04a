"""Columns of integers turned into COPY text. Money stays in integer cents until it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

import numpy as np
from psycopg import Connection, sql

from demo.utility.ddl import relations, tables

NULL = "\\N"
CHUNK = 20_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
Column = Sequence[str] | str  # one text for each row, or one text for all rows


def integers(values: np.ndarray | Sequence[int]) -> list[str]:
    """Whole numbers; −1 is NULL (no id or count here is negative)."""
    values = np.asarray(values, dtype=np.int64)
    if not len(values):
        return []
    words = np.array([*map(str, range(int(values.max()) + 1)), NULL], dtype=object)
    return words[values].tolist()


def cents(values: np.ndarray | Sequence[int]) -> list[str]:
    """Money in cents as `-12.05`."""
    values = np.asarray(values, dtype=np.int64)
    return [f"{v // 100}.{v % 100:02d}" if v >= 0 else f"-{-v // 100}.{-v % 100:02d}" for v in values.tolist()]


def texts(values: Iterable[str | None]) -> list[str]:
    """Text, escaped for COPY; None is NULL."""
    return [NULL if v is None else v.translate(_ESCAPES) for v in values]


def booleans(values: np.ndarray | Sequence[bool]) -> list[str]:
    """`t` and `f`."""
    return np.where(np.asarray(values, dtype=bool), "t", "f").tolist()


def days(values: np.ndarray | Sequence[int]) -> list[str]:
    """Day numbers as ISO dates; −1 is NULL."""
    values = np.asarray(values, dtype=np.int64)
    if not len(values):
        return []
    low = int(values[values >= 0].min(initial=0))
    span = np.datetime_as_string(np.arange(low, max(int(values.max()), low) + 1).astype("datetime64[D]")).tolist()
    return np.array([*span, NULL], dtype=object)[np.where(values < 0, -1, values - low)].tolist()


def moments(values: np.ndarray | Sequence[int]) -> list[str]:
    """Microseconds since 1970 (naive UTC) as timestamps; −1 is NULL."""
    values = np.asarray(values, dtype=np.int64)
    found = np.datetime_as_string(values.astype("datetime64[us]")).astype(object)
    found[values == -1] = NULL
    return found.tolist()


def pick(words: Sequence[str], index: np.ndarray | Sequence[int]) -> list[str]:
    """`words[i]` for each i; −1 is NULL."""
    return np.array([*words, NULL], dtype=object)[np.asarray(index, dtype=np.int64)].tolist()


def translated(spanish: str, english: str | None = None) -> str:
    """A translated field as Odoo stores it."""
    return texts([json.dumps({"en_US": english or spanish, "es_DO": spanish}, ensure_ascii=False)])[0]


def copy_rows(conn: Connection, table: str, columns: Mapping[str, Column]) -> int:
    """COPY the columns into `table`; columns not given are NULL. Returns the number of rows.

    Raises ValueError when a column is not the table's, or the columns differ in length.
    """
    unknown = set(columns) - set(tables().get(table) or relations()[table])
    lengths = {len(c) for c in columns.values() if not isinstance(c, str)}
    if unknown or len(lengths) != 1:
        raise ValueError(f"{table}: unknown columns {sorted(unknown)}, lengths {sorted(lengths)}.")
    count = lengths.pop()
    rows = zip(*(repeat(c) if isinstance(c, str) else c for c in columns.values()), strict=False)  # repeat() has no end
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        block = []
        for row in rows:
            block.append("\t".join(row))
            if len(block) == CHUNK:
                copy.write("\n".join(block) + "\n")
                block.clear()
        if block:
            copy.write("\n".join(block) + "\n")
    return count
