"""The CSV files beside the TXT: what to type in DGII's summary screen, and which documents were left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256

from reports import period
from reports.config import Site
from reports.dgii_607 import rules
from reports.dgii_607.layout import Layout
from reports.dgii_607.reading import Month
from reports.dgii_607.record import Record
from reports.dgii_607.selection import Rejected, Selection
from reports.status import DataStatus
from reports.writers import sheet_csv


def totals(records: Iterable[Record], layout: Layout) -> dict[str, Decimal]:
    """Σ of each amount field, RD$."""
    result = {field.name: Decimal("0.00") for field in layout.fields if field.kind == "amount"}
    for record in records:
        for name in result:
            result[name] += record[name] or 0
    return result


def summary(found: Month, chosen: Selection, month: date, site: Site, status: DataStatus, layout: Layout) -> tuple[bytes, str]:
    """The summary CSV (concept, value) and its fingerprint, which leaves the data-status stamp out unless it is a warning."""
    small, declared = found.summary, totals(chosen.declared, layout)

    def labelled(amounts: Mapping[str, Decimal], names: Iterable[str]) -> list[Sequence[object]]:
        return [(layout.by_name[name].label_es, amounts[name]) for name in names if name in amounts]

    of, paid_by = layout.totals.of, layout.totals.paid_by
    body: list[Sequence[object]] = [
        ("Formato", layout.format), ("Declarante", site.utility_name), ("RNC", site.rnc), ("Período", period.name(month)), (),
        ("FACTURAS DE CONSUMO DE MENOR CUANTÍA (van en la pantalla de resumen de la DGII, no en el TXT)",),
        ("Cantidad de NCF", found.summary_count), *labelled(small, of), ("Total", sum((small.get(name, Decimal(0)) for name in of), Decimal(0))),
        *labelled(small, paid_by), (),
        ("ARCHIVO TXT (totales de sus columnas, para comparar con lo que muestra la DGII al cargarlo)",),
        ("Registros", len(chosen.declared)), *labelled(declared, declared), (),
        ("COMPROBANTES NO INCLUIDOS POR ERRORES", len(chosen.rejected)),
    ]
    if chosen.rejected:
        body.append(("ARCHIVO OBSERVADO: corrija en Odoo los comprobantes del archivo de errores y vuelva a generar antes de enviar a la DGII.",))
    face = ("ATENCIÓN" if status.needs_warning else "Datos", status.message_es.removeprefix("ATENCIÓN: "))
    return sheet_csv.content([face, *body]), sha256(repr((status.needs_warning, body)).encode()).hexdigest()


def errors(rejected: Sequence[Rejected], layout: Layout) -> bytes:
    """One row for each fault of each refused document."""
    rows: list[Sequence[object]] = [("Línea", "NCF", "Fecha", "Total con impuestos", "Campo n.º", "Campo", "Valor", "Motivo", "Qué hacer")]
    for item in rejected:
        for error in item.errors:
            value = item.record.get(error.field)
            rows.append((
                item.line_number, item.record["fiscal_number"], _shown(item.record["issued_on"]), rules.total(item.record, layout),
                layout.number(error.field), layout.by_name[error.field].label_es, _shown(value), error.reason, error.fix,
            ))
    return sheet_csv.content(rows)


def _shown(value: object) -> object:
    """Texts in guillemets: Excel would drop the zeros a cédula begins with, and hide blanks."""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return f"«{value}»" if isinstance(value, str) and value else value
