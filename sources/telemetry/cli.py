"""`caudal telemetry`: hourly files of inlet and sector meters → raw."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from caudal import warehouse
from caudal.settings import settings
from sources.telemetry.errors import TelemetryError
from sources.telemetry.load import load

app = typer.Typer(no_args_is_help=True, help="La telemetría de entradas y sectores. Ejemplo: caudal telemetry load /datos/telemetria")
console = Console(highlight=False, soft_wrap=True)


def folder_of_the_site() -> Path | None:
    """`CAUDAL_TELEMETRY_DIR`, or None where the utility has no telemetry."""
    settings()  # adds <home>/site.env to the environment
    path = os.environ.get("CAUDAL_TELEMETRY_DIR")
    return Path(path) if path else None


@app.callback()
def main() -> None:
    """Keeps `load` a sub-command."""


@app.command("load")
def load_folder(
    folder: Annotated[Path | None, typer.Argument(help="Carpeta de los archivos CSV (por defecto, CAUDAL_TELEMETRY_DIR).")] = None,
) -> None:
    """Carga los archivos nuevos o cambiados; repetirlo no hace daño. Ejemplo: caudal telemetry load /datos/telemetria"""
    folder = folder or folder_of_the_site()
    if folder is None:
        console.print("Diga qué carpeta: caudal telemetry load /datos/telemetria (o ponga CAUDAL_TELEMETRY_DIR).")
        raise typer.Exit(2)
    try:
        warehouse.ensure()
        result = load(folder, progress=lambda line: console.print(f"  {line}", markup=False))
    except (TelemetryError, warehouse.WarehouseUnavailable) as error:
        console.print(f"ERROR {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    console.print(f"{result.files} archivos leídos, {result.skipped} sin cambios: {result.inserted:,} horas nuevas, {result.updated:,} cambiadas, "
                  f"{result.deleted:,} retiradas, {result.quarantined:,} filas en cuarentena.")
    if result.quarantined:
        console.print("Lo que está mal en cada fila: ops.quarantine, source = 'telemetry' (archivo y línea en record_id).")
