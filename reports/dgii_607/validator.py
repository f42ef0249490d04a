"""Checks an existing 607 file line by line, as DGII's own pre-validation does, and names line and field of every fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stdnum.do import cedula, rnc

from reports.dgii_607 import rules, txt
from reports.dgii_607.layout import Layout, load
from reports.dgii_607.record import REGENERATE, FieldError, Record, parse_line


@dataclass(frozen=True)
class Finding:
    """A fault. `line` is 1-based, the header being 1 (0: the file as a whole); `position` is the field's number in the line (0: the line)."""

    line: int
    position: int
    field_es: str
    reason: str
    fix: str

    def __str__(self) -> str:
        where = "Archivo" if not self.line else f"Línea {self.line}"
        column = f", campo {self.position} ({self.field_es})" if self.position else ""
        return f"{where}{column}: {self.reason} {self.fix}".rstrip()


HEADER_FIELDS = ("Formato", "RNC del declarante", "Período", "Cantidad de registros")


def validate_file(path: Path) -> list[Finding]:
    """All faults of the file at `path`, in order; empty when DGII's layout is kept. Raises OSError when it cannot be read."""
    return validate(path.read_bytes(), path.name)


def validate(content: bytes, file_name: str | None = None, layout: Layout | None = None) -> list[Finding]:
    """The same for bytes; with `file_name`, the name is compared with the header too."""
    chosen = layout or load()
    return list(_validate(content, file_name, chosen))


def records(content: bytes, layout: Layout) -> list[Record]:
    """The records of a file that `validate` found no fault in."""
    return [parse_line(line, layout)[0] for line in _decode(content, layout)[0][1:]]


def _validate(content: bytes, file_name: str | None, layout: Layout) -> Iterator[Finding]:
    lines, faults = _decode(content, layout)
    yield from faults
    if not lines:
        yield Finding(0, 0, "", "El archivo está vacío: hasta un mes sin ventas lleva el encabezado con 0.", REGENERATE)
        return
    header, faults = _header(lines[0], layout)
    yield from faults
    if len(lines[0].split(layout.separator)) == len(HEADER_FIELDS) and lines[0].split(layout.separator)[3] != str(len(lines) - 1):
        yield Finding(1, 4, HEADER_FIELDS[3], f"El encabezado dice {lines[0].split(layout.separator)[3]} registros y hay {len(lines) - 1}.", REGENERATE)
    if header and file_name and file_name != layout.name_of_file(header[0], header[1]):
        yield Finding(0, 0, "", f"El archivo se llama «{file_name}» y según su encabezado debe llamarse «{layout.name_of_file(*header)}».", "Cámbiele el nombre.")
    seen: dict[str, int] = {}
    for number, line in enumerate(lines[1:], 2):
        yield from _line(number, line, header[1] if header else None, seen, layout)


def _decode(content: bytes, layout: Layout) -> tuple[list[str], list[Finding]]:
    faults = []
    if content.startswith(b"\xef\xbb\xbf"):
        faults.append(Finding(1, 0, "", "El archivo empieza con una marca BOM, que la DGII no admite.", "Guárdelo sin BOM."))
        content = content[3:]
    raw = content.split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    lines = []
    for number, piece in enumerate(raw, 1):
        if piece.endswith(b"\r"):
            piece = piece[:-1]
        elif number < len(raw) or content.endswith(b"\n"):
            faults.append(Finding(number, 0, "", "La línea no termina en CRLF (retorno de carro y salto de línea).", REGENERATE))
        if b"\r" in piece:
            faults.append(Finding(number, 0, "", "Hay un retorno de carro dentro de la línea.", REGENERATE))
        try:
            lines.append(piece.decode(layout.encoding))
        except UnicodeDecodeError as error:
            faults.append(Finding(number, 0, "", f"El carácter {error.start + 1} de la línea no es ASCII (tildes, ñ u otro).", "Corrija el dato en Odoo y vuelva a generar el archivo."))
            lines.append(piece.decode("latin-1"))
    return lines, faults


def _header(line: str, layout: Layout) -> tuple[tuple[str, date] | None, list[Finding]]:
    parts = line.split(layout.separator)
    if len(parts) != len(HEADER_FIELDS):
        return None, [Finding(1, 0, "", f"El encabezado tiene {len(parts)} campos y deben ser {len(HEADER_FIELDS)}: {layout.format}|RNC|AAAAMM|cantidad.", REGENERATE)]
    faults, (kind, number, month_text, count) = [], parts
    month = txt.parse_period(month_text)
    if kind != layout.format:
        faults.append(Finding(1, 1, HEADER_FIELDS[0], f"Dice «{kind}» y debe ser {layout.format}.", REGENERATE))
    valid = re.fullmatch(r"\d{9}|\d{11}", number, re.ASCII) and (rnc.is_valid(number) if len(number) == 9 else cedula.is_valid(number))
    if not valid:
        faults.append(Finding(1, 2, HEADER_FIELDS[1], f"«{number}» no es un RNC (9 dígitos) o cédula (11) válido, sin guiones.", "Corrija CAUDAL_RNC y vuelva a generar el archivo."))
    if month is None:
        faults.append(Finding(1, 3, HEADER_FIELDS[2], f"«{month_text}» no es un mes AAAAMM.", REGENERATE))
    if not re.fullmatch(r"0|[1-9]\d*", count, re.ASCII):
        faults.append(Finding(1, 4, HEADER_FIELDS[3], f"«{count}» no es una cantidad.", REGENERATE))
    return ((number, month) if month else None), faults


def _line(number: int, line: str, month: date | None, seen: dict[str, int], layout: Layout) -> Iterator[Finding]:
    record, errors = parse_line(line, layout)
    if record:
        unread = {error.field for error in errors}
        anchor = month or (record["issued_on"] or date(2000, 1, 1)).replace(day=1)
        # a value that could not be read is None here, and its own error says more than the rules would
        errors += [error for error in rules.check(record, anchor, layout) if error.field not in unread and not (unread & set(layout.totals.of + layout.totals.paid_by) and error.field == layout.totals.paid_by[0])]
        fiscal_number = record["fiscal_number"]
        if fiscal_number in seen:
            errors.append(FieldError("fiscal_number", f"El NCF «{fiscal_number}» ya está en la línea {seen[fiscal_number]}."))
        elif fiscal_number:
            seen[fiscal_number] = number
    order = {field.name: position for position, field in enumerate(layout.fields, 1)}
    for error in sorted(errors, key=lambda e: order.get(e.field, 0)):
        position = order.get(error.field, 0)
        yield Finding(number, position, layout.fields[position - 1].label_es if position else "", error.reason, error.fix)
