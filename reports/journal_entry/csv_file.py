"""The file of an entry as the site's layout wants it, and the proof that what was written reads back as the same totals."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from caudal.settings import settings
from reports import config, period
from reports.errors import ConfigError, FiguresDisagree, ReportError
from reports.journal_entry.entry import EntryLine, totals
from reports.writers.numbers import money

LAYOUTS = Path(__file__).parent / "layouts"
FieldName = Literal["number", "line", "date", "account", "account_name", "description", "debit", "credit", "cost_centre", "reference"]
REQUIRED: tuple[FieldName, ...] = ("account", "debit", "credit")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column of the file. `width`: the most characters of a text, the rest is cut."""

    field: FieldName
    title: str
    width: int | None = Field(default=None, gt=0)


class CostCentres(_Strict):
    default: str = ""
    by_concept: dict[str, str] = {}
    by_account: dict[str, str] = {}


class Layout(_Strict):
    """`layouts/<site>.yml`, which documents each key."""

    file_name: str
    number: str
    reference: str
    encoding: Literal["utf-8", "utf-8-sig", "latin-1", "cp1252"]
    separator: Literal[",", ";", "\t", "|"]
    decimal_point: Literal[".", ","]
    line_end: Literal["crlf", "lf"]
    header: bool
    quote: Literal["minimal", "all"]
    date_format: str
    zero: Literal["", "0.00"]
    columns: tuple[Column, ...]
    accounts: dict[str, str] = {}
    cost_centres: CostCentres = CostCentres()

    @model_validator(mode="after")
    def _has_what_an_entry_needs(self) -> Layout:
        fields = [column.field for column in self.columns]
        missing = [name for name in REQUIRED if name not in fields]
        if missing:
            raise ValueError(f"faltan las columnas {', '.join(missing)}")
        if len(set(fields)) < len(fields):
            raise ValueError("una columna está dos veces")
        for name, known in (("file_name", {"period"}), ("number", {"period"}), ("reference", {"period", "concept", "line"})):
            try:
                getattr(self, name).format(**dict.fromkeys(known, 1))
            except (KeyError, IndexError, ValueError):
                raise ValueError(f"{name} solo admite {', '.join(f'{{{k}}}' for k in sorted(known))}") from None
        return self

    def entry_number(self, month: date, export: int) -> str:
        """The number of a month's entry at its nth export."""
        number = self.number.format(period=f"{month:%Y-%m}")
        return number if export == 1 else f"{number}-{export}"

    def name_of_file(self, month: date) -> str:
        return self.file_name.format(period=f"{month:%Y-%m}")


def load(site: str | None = None) -> Layout:
    """The layout of a site (default: CAUDAL_SITE). Raises ConfigError naming file, line and field."""
    path = LAYOUTS / f"{site or settings().site}.yml"
    if not path.exists():
        raise ConfigError(f"Falta el formato del asiento {path}. Copie {LAYOUTS / 'demo.yml'} y ajústelo al programa de contabilidad.")
    return config.load(path, Layout)


def build(lines: Sequence[EntryLine], month: date, number: str, layout: Layout) -> bytes:
    """The bytes of the file. Raises ReportError for a letter that the encoding lacks, FiguresDisagree when the file does not read back as `lines`."""
    out = StringIO(newline="")
    writer = csv.writer(
        out, delimiter=layout.separator, lineterminator="\r\n" if layout.line_end == "crlf" else "\n",
        quoting=csv.QUOTE_ALL if layout.quote == "all" else csv.QUOTE_MINIMAL)
    if layout.header:
        writer.writerow([column.title for column in layout.columns])
    for position, line in enumerate(lines, 1):
        cells = _cells(line, position, month, number, layout)
        writer.writerow([cells[column.field][: column.width] for column in layout.columns])
    try:
        content = out.getvalue().encode(layout.encoding)
    except UnicodeEncodeError as error:
        raise ReportError(
            f"El asiento tiene «{error.object[error.start : error.end]}», que no existe en {layout.encoding}. Cambie encoding en el formato del asiento, "
            "o el nombre del concepto o de la cuenta en Odoo. No se escribió.") from None
    _prove(content, lines, layout)
    return content


def _cells(line: EntryLine, position: int, month: date, number: str, layout: Layout) -> dict[str, str]:
    centres = layout.cost_centres
    return {
        "number": number, "line": str(position), "date": period.end_of(month).strftime(layout.date_format),
        "account": layout.accounts.get(line.account_code, line.account_code), "account_name": line.account_name, "description": line.description,
        "debit": _amount(line.debit, layout), "credit": _amount(line.credit, layout),
        "cost_centre": centres.by_account.get(line.account_code) or centres.by_concept.get(line.concept_code) or centres.default,
        "reference": layout.reference.format(period=f"{line.month:%Y-%m}", concept=line.concept_code, line=position),
    }


def _amount(value: Decimal, layout: Layout) -> str:
    text = f"{value:.2f}" if value else layout.zero
    return text.replace(".", layout.decimal_point)


def _prove(content: bytes, lines: Sequence[EntryLine], layout: Layout) -> None:
    """What the accounting program will read adds up to the same, to the cent, on both sides."""
    rows = list(csv.reader(StringIO(content.decode(layout.encoding), newline=""), delimiter=layout.separator))[int(layout.header):]
    fields = [column.field for column in layout.columns]
    try:
        found = tuple(sum((_parsed(row[fields.index(side)], layout) for row in rows), Decimal("0.00")) for side in ("debit", "credit"))
    except (InvalidOperation, IndexError):
        raise FiguresDisagree("El archivo del asiento no se puede volver a leer: revise width y separator en el formato. No se escribió.") from None
    if (len(rows), found) != (len(lines), totals(lines)) or found[0] != found[1]:
        raise FiguresDisagree(
            f"El archivo del asiento no cuadra: débitos {money(found[0])}, créditos {money(found[1])}. Revise width en el formato. No se escribió.")


def _parsed(text: str, layout: Layout) -> Decimal:
    return Decimal(text.replace(layout.decimal_point, ".") or 0)
