"""Sorts the month's documents: those the file can declare, and those refused and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from reports.dgii_607 import rules
from reports.dgii_607.layout import Layout
from reports.dgii_607.record import FieldError, Record, format_line


@dataclass(frozen=True)
class Rejected:
    """A document that cannot be declared as it is. `line_number` is the mart's."""

    line_number: int
    record: Record
    errors: Sequence[FieldError]


@dataclass
class Selection:
    """`lines` are the texts of `declared`, in the same order."""

    declared: list[Record] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def select(rows: Iterable[tuple[int, Record]], month: date, layout: Layout) -> Selection:
    """Each (line number, record) of the mart goes to exactly one place. A repeated NCF is refused from its second time on."""
    chosen, seen = Selection(), {}
    for number, record in rows:
        errors = list(rules.check(record, month, layout))
        try:
            line = format_line(record, layout)
        except FieldError as error:
            line = ""
            if error.field not in {known.field for known in errors}:
                errors.append(error)
        fiscal_number = record["fiscal_number"]
        if fiscal_number in seen:
            errors.append(FieldError("fiscal_number", f"El NCF «{fiscal_number}» ya está en la línea {seen[fiscal_number]} de este mes."))
        elif fiscal_number:
            seen[fiscal_number] = number
        if errors:
            chosen.rejected.append(Rejected(number, record, errors))
        else:
            chosen.declared.append(record)
            chosen.lines.append(line)
    return chosen
