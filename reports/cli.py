"""`caudal reports`: departmental reports and DGII files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reports.contacts_cli import EPILOG as CONTACTS_EPILOG
from reports.contacts_cli import contacts
from reports.journal_cli import EPILOG, journal

app = typer.Typer(no_args_is_help=True, help="Genera reportes departamentales y archivos de la DGII. Ejemplo: caudal reports generate --period 2026-10")

app.command("journal", epilog=EPILOG)(journal)
app.command("contacts", epilog=CONTACTS_EPILOG)(contacts)

OBSERVED, FAILED = 2, 1


@app.command()
def generate(
    period: Annotated[str | None, typer.Option(help="Mes cerrado, AAAA-MM. Sin él, el último mes cerrado.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Solo este reporte: monthly_collections, dgii_607 o journal_entry. Se puede repetir.")] = None,
) -> None:
    """Genera los reportes de un mes cerrado. Ejemplo: caudal reports generate --period 2026-10 --only dgii_607

    Termina con código 2 cuando el archivo de la DGII quedó observado: se escribió, pero sin los comprobantes que tienen errores.
    """
    import reports
    from caudal.semantic import SemanticError
    from caudal.warehouse import WarehouseUnavailable
    from reports.errors import ReportError
    from reports.period import parse

    console = Console(highlight=False, soft_wrap=True)
    try:
        files = reports.generate(parse(period) if period else None, only or None)
    except (ReportError, SemanticError, WarehouseUnavailable) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"No se pudo generar: {error}", style="red", markup=False)
        raise typer.Exit(FAILED) from None
    for file in files:
        news = f"versión {file.version}" if file.is_new else f"sin cambios, versión {file.version}"
        console.print(f"{file.path}  ({file.row_count:,} filas, {news})", markup=False)
    if files and files[0].is_stale:
        console.print(files[0].data_status, style="yellow", markup=False)
    observed = [file for file in files if file.status == "observado" and file.format == "txt"]
    for file in observed:
        rejected = file.totals["rejected"]
        console.print(
            f"OBSERVADO: {file.path.name} no incluye {rejected} comprobante(s) con errores. Corríjalos en Odoo según "
            f"{file.path.stem}_ERRORES.csv, replique y vuelva a generar antes de enviarlo a la DGII.", style="yellow", markup=False)
    if observed:
        raise typer.Exit(OBSERVED)


@app.command()
def validate(file: Annotated[Path, typer.Argument(help="Archivo 607 de la DGII.", exists=True, dir_okay=False)]) -> None:
    """Revisa un archivo 607 línea por línea. Ejemplo: caudal reports validate DGII_F_607_430000019_202610.TXT

    Termina con código 1 cuando tiene errores.
    """
    from reports.dgii_607.validator import validate_file

    findings = validate_file(file)
    for finding in findings:
        typer.echo(str(finding))
    if findings:
        typer.echo(f"{file.name}: {len(findings)} error(es).", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"{file.name}: correcto.")
