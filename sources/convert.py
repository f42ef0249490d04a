"""From a batch of source rows to COPY text, column by column; rows that cannot be stored come out as rejections.

The quick way converts whole columns. Only when something in the batch is wrong are its rows tried one by one.
Money is never computed with as a float: `repr` of the JSON number is the shortest decimal that was sent (1234.56, not
1234.5599…), and that text is what PostgreSQL parses as numeric, the same as `Decimal(repr(x))`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

from sources.contract import Column, Rejection

NULL = "\\N"
BIGINT_MAX = 2**63 - 1
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
INTEGERS, NUMBERS, TEXTS = {int}, {int, float}, {str}  # a column all of one type is converted without looking at each value
SHORT_BATCH, STRIKES, MOST_REMEMBERED = 200, 8, 20_000
FLAGS = {True: "t", False: "f", None: NULL}

Converter = Callable[[Sequence[Any]], list[str]]


class Unparseable(ValueError):
    """A value that cannot be stored; the message (Spanish) is the reason written in quarantine."""


def _bad(value: Any, expected: str) -> str:
    raise Unparseable(f"se esperaba {expected} y llegó {str(value)[:80]!r}")


def _keys(values: Sequence[Any]) -> list[str]:
    if set(map(type, values)) == INTEGERS and min(values) > 0 and max(values) <= BIGINT_MAX:
        return list(map(repr, values))
    return [str(v) if v.__class__ is int and 0 < v <= BIGINT_MAX else _bad(v, "una clave entera mayor que cero") for v in values]


def _integers(values: Sequence[Any]) -> list[str]:
    if set(map(type, values)) == INTEGERS and -BIGINT_MAX <= min(values) and max(values) <= BIGINT_MAX:
        return list(map(repr, values))
    return [
        str(v) if v.__class__ is int and -BIGINT_MAX <= v <= BIGINT_MAX
        else NULL if v is False or v is None else _bad(v, "un entero de 64 bits")
        for v in values
    ]


def _references(values: Sequence[Any]) -> list[str]:
    if list in set(map(type, values)):
        values = [v[0] if v.__class__ is list and len(v) == 2 else v for v in values]  # [id, name] without load=None
    return _integers(values)


def _reference_lists(values: Sequence[Any]) -> list[str]:
    """A many2many: the ids in ascending order, since Odoo's order is that of the other model. An empty one is an empty list, not NULL."""
    out = []
    for value in values:
        if value is False or value is None:
            value = []
        if not isinstance(value, list) or not all(v.__class__ is int and 0 < v <= BIGINT_MAX for v in value):
            _bad(value, "una lista de claves")
        out.append("{" + ",".join(map(str, sorted(value))) + "}")
    return out


def _decimals(limit: float, name: str) -> Converter:
    def convert(values: Sequence[Any]) -> list[str]:
        if set(map(type, values)) <= NUMBERS and -limit < min(values) and max(values) < limit and not math.isnan(sum(values)):
            return list(map(repr, values))
        return [
            repr(v) if (v.__class__ is float or v.__class__ is int) and -limit < v < limit  # NaN and infinity fail here too
            else NULL if v is False or v is None else _bad(v, name)
            for v in values
        ]
    return convert


def _flags(values: Sequence[Any]) -> list[str]:
    return [FLAGS[v] if v is True or v is False or v is None else _bad(v, "verdadero o falso") for v in values]


def _texts(values: Sequence[Any]) -> list[str]:
    out = [v if v.__class__ is str else NULL if v is False or v is None else _bad(v, "un texto") for v in values]
    joined = "".join([v for v in values if v.__class__ is str])
    if "\x00" in joined:
        _bad(joined, "un texto sin el carácter nulo")
    if not joined.isascii():
        try:
            joined.encode()
        except UnicodeEncodeError:
            raise Unparseable("el texto tiene caracteres que no son Unicode válido") from None
    if "\\" in joined or "\t" in joined or "\n" in joined or "\r" in joined:
        return [v.translate(ESCAPES) if v.__class__ is str else NULL for v in values]
    return out


def _date_text(value: Any) -> str:
    if value is False or value is None:
        return NULL
    try:
        if len(value) == 10 and value[4] == "-" and date.fromisoformat(value):
            return value
    except (TypeError, ValueError):
        pass
    return _bad(value, "una fecha AAAA-MM-DD")


def _dates() -> Converter:
    known: dict[Any, str] = {}  # a table has few distinct dates: each is checked once

    def convert(values: Sequence[Any]) -> list[str]:
        try:
            return [known[v] for v in values]
        except (KeyError, TypeError):
            texts = [_date_text(v) for v in values]
            known.update((v, t) for v, t in zip(values, texts, strict=True) if v.__class__ is str)
            known[False] = known[None] = NULL
            return texts
    return convert


def _moment(value: Any) -> str:
    try:
        if len(value) in (19, 26) and value[10] in " T" and datetime.fromisoformat(value):
            return value + "+00"
    except (TypeError, ValueError):
        pass
    return _bad(value, "una fecha y hora UTC AAAA-MM-DD HH:MM:SS")


def moment_of(text: str) -> datetime:
    """A moment in COPY text; Odoo's own columns, which the transport sql copies as they are, are UTC and do not say so."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moments(values: Sequence[Any]) -> list[str]:
    if set(map(type, values)) == TEXTS and set(map(len, values)) == {19}:
        try:
            deque(map(datetime.fromisoformat, values), maxlen=0)  # only to see that each is one
        except ValueError:
            pass
        else:
            return [v + "+00" for v in values]
    return [NULL if v is False or v is None else _moment(v) for v in values]


def _remembering(convert: Converter, kinds: set[type], blank: bool) -> Converter:
    """`convert`, but each distinct value once: amounts, moments and references repeat. Given up for a column where most do not, and begun
    anew when it would take much memory.

    Only columns all of `kinds` are looked up, since to a dictionary 1, 1.0 and True are one key. With `blank`, Odoo's False for
    nothing (and so 0) is NULL.
    """
    nothing: dict[Any, str] = {False: NULL} if blank else {}
    known = dict(nothing)
    strikes = 0

    def look(values: Sequence[Any]) -> list[str]:
        nonlocal strikes
        if strikes >= STRIKES or not kinds.issuperset(map(type, filter(None, values) if blank else values)):
            return convert(values)
        try:
            return list(map(known.__getitem__, values))
        except KeyError:
            if len(known) > MOST_REMEMBERED:
                known.clear()
                known.update(nothing)
            fresh = list(set(values).difference(known))
            known.update(zip(fresh, convert(fresh), strict=True))
            strikes += len(fresh) * 4 > max(len(values), SHORT_BATCH)
            texts = list(map(known.__getitem__, values))
            if strikes >= STRIKES:
                known.clear()
            return texts
    return look


def converter(column: Column) -> Converter:
    """The function that turns this column's values into COPY text. It raises Unparseable at the first bad one."""
    plain: dict[str, Converter] = {"id": _keys, "boolean": _flags, "text": _texts, "many2many": _reference_lists}
    repeating: dict[str, tuple[Converter, set[type], bool]] = {
        "many2one": (_references, INTEGERS, True), "integer": (_integers, INTEGERS, False), "datetime": (_moments, TEXTS, True),
        "money": (_decimals(1e16 - 1, "un importe de hasta 16 cifras enteras"), NUMBERS, False),
        "quantity": (_decimals(1e15 - 1, "una cantidad de hasta 15 cifras enteras"), NUMBERS, False),
        "coordinate": (_decimals(999.9999994, "una coordenada"), NUMBERS, False),
    }
    if column.type in plain:
        return plain[column.type]
    return _remembering(*repeating[column.type]) if column.type in repeating else _dates()


class Encoder:
    """Encodes batches for one set of columns; the key is the column called `key`."""

    def __init__(self, columns: Sequence[Column], key: str) -> None:
        sources = [column.source for column in columns]
        self.cells = itemgetter(*sources) if len(sources) > 1 else lambda row: (row[sources[0]],)
        self.columns = [(column.name, column.source, converter(column)) for column in columns]
        self.key = next(column.source for column in columns if column.name == key)

    def encode(self, rows: list[dict[str, Any]]) -> tuple[bytes, int, list[Rejection]]:
        """COPY text of the rows that can be stored, how many they are, and the rejections."""
        if not rows:
            return b"", 0, []
        try:
            return self._text(rows), len(rows), []
        except (Unparseable, LookupError, TypeError):
            return self._one_by_one(rows)

    def _text(self, rows: list[dict[str, Any]]) -> bytes:
        by_column = zip(*map(self.cells, rows), strict=True)
        columns = [convert(values) for (_, _, convert), values in zip(self.columns, by_column, strict=True)]
        return ("\n".join(map("\t".join, zip(*columns, strict=True))) + "\n").encode()

    def _one_by_one(self, rows: list[dict[str, Any]]) -> tuple[bytes, int, list[Rejection]]:
        lines: list[bytes] = []
        rejections: list[Rejection] = []
        for row in rows:
            rejection = self._fault(row)
            if rejection:
                rejections.append(rejection)
            else:
                lines.append(self._text([row]))
        return b"".join(lines), len(lines), rejections

    def _fault(self, row: Any) -> Rejection | None:
        if not isinstance(row, dict):
            return Rejection(None, None, "la fila no es un objeto con campos", row)
        key = row.get(self.key)
        record_id = str(key) if key is not None and key is not False else None
        for name, source, convert in self.columns:
            if source not in row:
                return Rejection(record_id, name, f"la fila llegó sin el campo {source}", row)
            try:
                convert([row[source]])
            except Unparseable as error:
                return Rejection(record_id, name, str(error), row)
        return None
