"""CSV that Excel opens with a double click in a Dominican locale: comma, UTF-8 with a mark, CRLF, decimal point."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO


def content(rows: Iterable[Sequence[object]]) -> bytes:
    """The bytes of the rows. A text that Excel would take for a formula is preceded by an apostrophe."""
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[_safe(value) for value in row] for row in rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
