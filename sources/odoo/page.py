"""A page of rows as it came over the wire: how many rows and the last id are seen at once, the rows are parsed when asked for.

So the next page can be requested while another thread still parses this one. What is seen without parsing is checked when it is parsed.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from sources.contract import SourceError

# What stands before the rows and after them: JSON-RPC's envelope, or nothing (JSON-2 answers with the bare list). A row begins
# with its id: `read` puts it first. In a JSON string a quote is escaped, so that no text can look like the beginning of a row.
ENVELOPE = re.compile(rb'\{"jsonrpc": ?"2\.0", ?"id": ?\d+, ?"result": ?\[')
BARE = re.compile(rb"\[")
ENDS = {ENVELOPE: (b"]}", b"]}\n"), BARE: (b"]", b"]\n")}
ROW = b'{"id":'
FIRST_ID = re.compile(rb'\{"id": ?(\d+)[,}]')


def parse(body: bytes) -> Any:
    """JSON text as Python values. Raises ValueError."""
    try:
        return orjson.loads(body)  # three times quicker than json
    except orjson.JSONDecodeError:  # NaN, lone surrogates: Python's parser lets them through, to the converters' quarantine
        return json.loads(body)


class Page:
    """Rows of one model, in order of id, not parsed yet: a parsed page takes five times the memory, and many are under way at once."""

    def __init__(self, body: bytes, rows: int, last_id: int, parsed: list[dict[str, Any]] | None = None) -> None:
        self._body, self._count, self.last_id, self._parsed = body, rows, last_id, parsed

    def __len__(self) -> int:
        return self._count

    @property
    def wire_bytes(self) -> int:
        """Length of the answer it came in."""
        return len(self._body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows, parsed anew each time. Raises SourceError when they are not what they looked like."""
        if self._parsed is not None:
            return self._parsed
        try:
            answer = parse(self._body)
            rows = answer["result"] if isinstance(answer, dict) else answer
            if len(rows) == self._count and (not rows or rows[-1]["id"] == self.last_id):
                return rows
        except (ValueError, LookupError, TypeError):
            pass
        raise SourceError("Odoo envió una página de filas que no se puede interpretar.")


def glance(body: bytes, head: re.Pattern[bytes] = ENVELOPE) -> Page | None:
    """The page in this answer; None when it is anything else (an error, another envelope) and must be parsed to know."""
    start = head.match(body)
    if start is None or not body.endswith(ENDS[head]):
        return None
    count = body.count(ROW, start.end())
    if count == 0:
        return Page(body, 0, 0) if body[start.end():].strip() in ENDS[head] else None
    last = FIRST_ID.match(body, body.rfind(ROW))
    return Page(body, count, int(last[1])) if last else None
