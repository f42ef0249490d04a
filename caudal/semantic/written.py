"""An answer as a person or a program reads it: table, CSV, JSON. Headings in Spanish, values with their unit; programs get every digit."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from . import formats
from .answers import Answer, Column
from .labels import dimension_label

_HEADINGS = {"value": "{}", "last_year": "{}, año anterior", "change": "{}, variación", "plan": "{}, meta", "attainment": "{}, cumplimiento"}


def heading(column: Column) -> str:
    return _HEADINGS[column.kind].format(column.metric.label_es)


def cell(column: Column, value: Decimal | None) -> str:
    """The figure with its unit; a change of a percentage in points."""
    if value is None:
        return "—"
    if column.kind == "change":
        shown = (value * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
        return f"{shown:+,} {'puntos' if column.metric.unit == '%' else '%'}"
    if column.kind == "attainment":
        return f"{(value * 100).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP)} %"
    return formats.value(column.metric, value)


def as_table(answer: Answer) -> None:
    table = Table(box=None, pad_edge=False, title=f"{formats.month(answer.period).capitalize()} (último mes cerrado)" if answer.period else None)
    for name in answer.by:
        table.add_column(dimension_label(name))
    for column in answer.columns:
        table.add_column(heading(column), justify="right")
    for row in answer.rows:
        cells = [formats.month(row[n]) if isinstance(row[n], date) else "—" if row[n] is None else str(row[n]) for n in answer.by]
        table.add_row(*cells, *(cell(c, row[c.name]) for c in answer.columns))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def as_csv(answer: Answer) -> None:
    writer = csv.DictWriter(sys.stdout, [*answer.by, *(c.name for c in answer.columns)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _plain(v) for k, v in row.items()} for row in answer.rows)


def as_json(answer: Answer) -> None:
    # amounts as text: a JSON number would be read back as a float
    print(json.dumps([{k: _plain(v) for k, v in row.items()} for row in answer.rows], default=str, ensure_ascii=False, indent=1))


def _plain(value: Any) -> Any:
    """Every digit, and no exponent (`0E-20`)."""
    return f"{value:f}" if isinstance(value, Decimal) else value
