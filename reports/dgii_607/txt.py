"""The file as a whole: header, lines, line ends; and reading one back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reports.dgii_607.layout import Layout

LINE_END = "\r\n"
_PERIOD = re.compile(r"(20\d{2})(0[1-9]|1[0-2])\Z", re.ASCII)


@dataclass(frozen=True)
class Header:
    """The first line: format, RNC of the declarer (digits only), month, and how many lines follow."""

    format: str
    rnc: str
    month: date
    count: int


def build(header: Header, lines: Sequence[str], layout: Layout) -> bytes:
    """The bytes of the file. Every line ends in CRLF, the last one too; a month without sales is the header with 0."""
    if header.count != len(lines):
        raise ValueError(f"the header says {header.count} lines and there are {len(lines)}")
    first = layout.separator.join([header.format, header.rnc, f"{header.month:%Y%m}", str(header.count)])
    return "".join(line + LINE_END for line in (first, *lines)).encode(layout.encoding)


def parse_period(text: str) -> date | None:
    """First day of a month written AAAAMM; None when it is not one (a month 13)."""
    match = _PERIOD.match(text)
    return date(int(match[1]), int(match[2]), 1) if match else None
