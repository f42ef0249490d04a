"""`caudal reports contacts`: a list of customers for a mass mailing."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

FAILED = 1
EPILOG = ("Ejemplos: caudal reports contacts · caudal reports contacts --segment aviso_vencimiento --sector MOC-01 · "
          "caudal reports contacts --segment mora_31_90 --con-datos-personales --by 'Ana Pérez' --out mora.csv")


def contacts(
    segment: Annotated[str | None, typer.Option("--segment", help="Segmento. Sin él, muestra los que hay y a cuántos llegan.")] = None,
    sector: Annotated[str | None, typer.Option("--sector", help="Solo este sector comercial, por su código.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Solo quienes prefieren este medio: email, whatsapp o phone.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Archivo .xlsx o .csv. Sin él, en <home>/reports/contactos.", dir_okay=False)] = None,
    personal: Annotated[bool, typer.Option("--con-datos-personales", help="Con nombre, teléfono y correo (rol pii). Sin esto van enmascarados.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Quién se la lleva, para el registro. Sin él, el usuario de la máquina.")] = None,
) -> None:
    """Exporta la lista de clientes de un segmento para un envío masivo, y anota quién se la llevó (ops.contact_export).

    Solo salen clientes que consintieron en recibir avisos y tienen por dónde.
    """
    from caudal.warehouse import WarehouseUnavailable
    from reports.contacts import export as exporting
    from reports.errors import ReportError

    console = Console(highlight=False, soft_wrap=True)
    try:
        if segment is None:
            found, now = exporting.available(sector)
            for one in found:
                console.print(f"{one.code:<20} {one.name:<36} {one.contacts:>8,}  (sin consentimiento {one.without_consent:,}; sin medio {one.unreachable:,})",
                              markup=False)
            console.print(now.message_es, style="yellow" if now.needs_warning else None, markup=False)
            return
        made = exporting.export(segment, by or getpass.getuser(), sector, channel, out, personal)
    except (ReportError, WarehouseUnavailable, OSError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"No se exportó: {error}", style="red", markup=False)
        raise typer.Exit(FAILED) from None
    console.print(f"{made.path}", markup=False)
    console.print(f"{made.segment.name}: {made.row_count:,} contratos{', con datos personales' if personal else ', enmascarados'}. Anotado con el número "
                  f"{made.export_id}.", markup=False)
    if made.status.needs_warning:
        console.print(made.status.message_es, style="yellow", markup=False)
