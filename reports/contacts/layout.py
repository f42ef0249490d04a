"""Columns of a mailing list, and the list as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports import config
from reports.status import DataStatus
from reports.writers import sheet_csv, xlsx
from reports.writers.table import Column, Heading, Kind, Table

FORMATS = ("xlsx", "csv")


class Field(NamedTuple):
    """A column of the mart and how it is shown."""

    name: str
    title: str
    kind: Kind = "text"
    width: int = 14


_NAMED = (Field("customer_name", "Cliente", width=32), Field("phone", "Teléfono"), Field("email", "Correo electrónico", width=26))
_MASKED = (Field("customer_name_masked", "Cliente", width=32), Field("phone_masked", "Teléfono"), Field("email_masked", "Correo electrónico", width=26))
_REST = (
    Field("channel_name", "Medio preferido", width=18), Field("municipality_name", "Municipio", width=18), Field("sector_name", "Sector", width=20),
    Field("route_code", "Ruta"), Field("user_type_name", "Tipo de usuario"), Field("next_due_on", "Próximo vencimiento", "date"),
    Field("next_due_amount", "Por vencer", "money"), Field("oldest_due_on", "Vencido desde", "date"), Field("days_overdue", "Días de mora", "count"),
    Field("overdue_amount", "Vencido", "money"), Field("reclamo", "Reclamo abierto"),
)


def fields(with_personal_data: bool) -> tuple[Field, ...]:
    """The columns of the list."""
    return (Field("contract_code", "Contrato"), *(_NAMED if with_personal_data else _MASKED), *_REST)


def content(fmt: str, segment: str, where: str, chosen: Sequence[Field], rows: Sequence[Sequence], status: DataStatus) -> bytes:
    """The bytes of the list as `fmt`. `segment` and `where` are printed on its face (a CSV has none)."""
    if fmt == "csv":
        return sheet_csv.content([[field.title for field in chosen], *rows])
    heading = Heading(config.site().utility_name, "Lista de contactos", segment, status.message_es, status.needs_warning, status.stamp)
    columns = [Column(field.title, field.kind, field.width) for field in chosen]
    notes = ("Solo clientes que consintieron en recibir avisos. Datos personales: Ley 172-13; no la reenvíe y bórrela al terminar el envío.",)
    return xlsx.workbook(heading, [Table("Contactos", where, columns, rows, notes=notes)])
