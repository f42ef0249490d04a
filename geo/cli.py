"""`caudal geo`: load the cadastre."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from geo.cadastre import CadastreResult, load_cadastre
from geo.errors import CadastreError

app = typer.Typer(help="Carga y repara el catastro de sectores. Ejemplo: caudal geo catastro.geojson")
console = Console(highlight=False, soft_wrap=True)


@app.command()
def load(
    path: Annotated[Path | None, typer.Argument(help="GeoJSON, GeoPackage o Shapefile (por defecto, CAUDAL_CADASTRE)")] = None,
    accept_deletions: Annotated[bool, typer.Option("--accept-deletions", help="Retirar sectores aunque falte más de la mitad.")] = False,
) -> None:
    """Lee el archivo de catastro, lo repara y carga los sectores. Ejemplo: caudal geo catastro.geojson"""
    if path is None and os.environ.get("CAUDAL_CADASTRE"):
        path = Path(os.environ["CAUDAL_CADASTRE"])
    if path is None:
        console.print("Diga qué archivo: caudal geo catastro.geojson (o ponga CAUDAL_CADASTRE).")
        raise typer.Exit(2)
    try:
        result = load_cadastre(path, accept_deletions=accept_deletions)
    except CadastreError as error:
        console.print(f"[red]ERROR[/] {error}")
        raise typer.Exit(1) from None
    for line in report(path, result):
        console.print(line)


def report(path: Path, result: CadastreResult) -> list[str]:
    """What a person is told of a load, line by line."""
    changes = f"{result.inserted} nuevos, {result.updated} cambiados, {result.deleted} retirados"
    drawing = f"el mayor de {result.largest_bytes / 1000:.1f} KB; {result.slivers_closed} astillas cerradas"
    lines = [f"{path.name}: {result.sectors} sectores ({changes}), {drawing}."]
    lines += [f"  En cuarentena: elemento {b.index} ({b.code or 'sin código'}): {b.reason}." for b in result.bad]
    lines += [f"  Traslape: {' y '.join(o.codes)}, {o.area_m2:,.0f} m²; se dejó en {o.codes[0]}." for o in result.overlaps]
    lines += [f"  Hueco: {g.area_m2:,.0f} m² sin sector entre {', '.join(g.codes)}." for g in result.gaps]
    return lines
