"""A line of the file and back. The formatter refuses what would shift or corrupt a column; whether a value is right is `rules`' matter.

A record is a mapping from the layout's field names to str (texts; empty when there is none), date or None, and Decimal (0 when empty).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from reports.dgii_607.layout import Field, Layout

Value = str | date | Decimal | None
Record = Mapping[str, Value]
_AMOUNT = re.compile(r"\d+(\.\d{1,2})?\Z", re.ASCII)
_PRINTABLE = re.compile(r"[ -~]*\Z")
REGENERATE = "Vuelva a generar el archivo; no lo edite a mano."


class FieldError(ValueError):
    """A value that cannot stand in its field (`field`: its name, or empty for the whole line): why, and what to do, in Spanish."""

    def __init__(self, field: str, reason: str, fix: str = "Corríjalo en Odoo y vuelva a generar el archivo.") -> None:
        super().__init__(f"{reason} {fix}")
        self.field, self.reason, self.fix = field, reason, fix


def format_line(record: Record, layout: Layout) -> str:
    """The record as one line, without its end. Raises FieldError for the first value that cannot be written."""
    return layout.separator.join(format_value(record[field.name], field, layout) for field in layout.fields)


def format_value(value: Value, field: Field, layout: Layout) -> str:
    """One value as it is written. Raises FieldError."""
    if field.kind == "amount":
        return _format_amount(value, field, layout)
    if field.kind == "date":
        return "" if value is None else f"{value.year:04d}{value.month:02d}{value.day:02d}"
    text = value or ""
    if layout.separator in text:
        raise FieldError(field.name, f"El valor «{text}» contiene el separador «{layout.separator}», que correría las columnas.")
    if not _PRINTABLE.match(text):
        raise FieldError(field.name, f"El valor «{text.encode('unicode_escape').decode()}» tiene caracteres que la DGII no admite (tildes, ñ, saltos de línea).")
    if len(text) > field.width:
        raise FieldError(field.name, f"El valor «{text}» tiene {len(text)} caracteres y el máximo es {field.width}.")
    return text.ljust(layout.padding.get(field.name, 0)) if text else ""


def _format_amount(value: Decimal | None, field: Field, layout: Layout) -> str:
    amount = Decimal(0) if value is None else value
    if not amount.is_finite():
        raise FieldError(field.name, "El monto no es un número.")
    if amount < 0:
        raise FieldError(field.name, f"El monto {amount} es negativo: en el 607 todos van en positivo, también los de las notas de crédito.")
    if amount != amount.quantize(Decimal("0.01")):
        raise FieldError(field.name, f"El monto {amount} tiene más de dos decimales.")
    if amount >= Decimal(10) ** layout.amounts.whole_digits:
        raise FieldError(field.name, f"El monto {amount} tiene más de {layout.amounts.whole_digits} dígitos enteros.")
    if not amount and layout.amounts.blank_when_zero and not field.required:
        return ""
    return f"{abs(amount):.2f}"


def parse_line(line: str, layout: Layout) -> tuple[dict[str, Value], list[FieldError]]:
    """The record of a line (without its end), and what could not be read in it; an unreadable value is left as None.

    A wrong number of fields gives an empty record and one error, since no column can then be trusted.
    """
    parts = line.split(layout.separator)
    if len(parts) != len(layout.fields):
        extra = " Sobra el separador del final." if len(parts) == len(layout.fields) + 1 and not parts[-1] else ""
        return {}, [FieldError("", f"La línea tiene {len(parts)} campos y deben ser {len(layout.fields)}.{extra}", REGENERATE)]
    record, errors = {}, []
    for text, field in zip(parts, layout.fields, strict=True):
        try:
            record[field.name] = parse_value(text, field, layout)
        except FieldError as error:
            record[field.name] = None
            errors.append(error)
    return record, errors


def parse_value(text: str, field: Field, layout: Layout) -> Value:
    """The value of a field's text. Raises FieldError."""
    if field.kind == "date":
        return None if not text else parse_date(text, field.name)
    if field.kind == "amount":
        if not text:
            return Decimal(0)
        if not _AMOUNT.match(text):
            raise FieldError(field.name, f"«{text}» no es un monto.", "Use punto decimal, dos decimales, sin comas ni signo; por ejemplo 1234.56.")
        if len(text.split(".")[0]) > layout.amounts.whole_digits:
            raise FieldError(field.name, f"«{text}» tiene más de {layout.amounts.whole_digits} dígitos enteros.")
        return Decimal(text)
    value = text.rstrip(" ") if field.name in layout.padding else text
    if len(value) > field.width:
        raise FieldError(field.name, f"«{value}» tiene {len(value)} caracteres y el máximo es {field.width}.")
    return value


def parse_date(text: str, field: str) -> date:
    """A date written AAAAMMDD. Raises FieldError for a month 13, a 30th of February, or another notation."""
    if re.fullmatch(r"\d{8}", text, re.ASCII):
        try:
            return datetime.strptime(text, "%Y%m%d").date()
        except ValueError:
            pass
    raise FieldError(field, f"«{text}» no es una fecha que exista.", "Escríbala AAAAMMDD; por ejemplo 20261031.")
