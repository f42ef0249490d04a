"""`caudal geo`: the cadastre in, layers out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from caudal.services import ServiceError
from caudal.warehouse import WarehouseUnavailable
from geo.cadastre import CadastreResult, load_cadastre
from geo.errors import CadastreError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False,
                  help="El catastro: cargarlo, ubicar los puntos, exportar y servir las capas. Ejemplo: caudal geo load catastro.geojson")
console = Console(highlight=False, soft_wrap=True)
FOUND = {"Contrato": "contract_code", "Estado": "status", "Punto de suministro": "supply_point_code", "Código catastral": "cadastral_code",
         "Municipio": "municipality_name", "Sector": "sector_name", "Ruta": "route_code", "Tipo de usuario": "user_type_name",
         "Latitud": "latitude", "Longitud": "longitude"}


@app.command()
def load(
    path: Annotated[Path | None, typer.Argument(help="GeoJSON, GeoPackage o Shapefile (por defecto, CAUDAL_CADASTRE)")] = None,
    accept_deletions: Annotated[bool, typer.Option("--accept-deletions", help="Retirar sectores aunque falte más de la mitad.")] = False,
) -> None:
    """Lee el archivo de sectores, lo repara y lo carga. Ejemplo: caudal geo load catastro.geojson"""
    with _told():
        result = load_cadastre(_given(path, "CAUDAL_CADASTRE", "load catastro.geojson"), accept_deletions=accept_deletions)
        for line in report(path or Path(os.environ["CAUDAL_CADASTRE"]), result):
            console.print(line)


@app.command()
def streets(path: Annotated[Path | None, typer.Argument(help="GeoJSON, GeoPackage o Shapefile (por defecto, CAUDAL_STREETS)")] = None) -> None:
    """Carga las calles propias, fondo de los mapas. Ejemplo: caudal geo streets calles.geojson"""
    from geo.streets import load_streets

    with _told():
        result = load_streets(_given(path, "CAUDAL_STREETS", "streets calles.geojson"))
        console.print(f"{result.streets:,} tramos, {result.changed:,} cambios.")
        for b in result.bad:
            console.print(f"  En cuarentena: elemento {b.index}: {b.reason}.")


@app.command()
def locate() -> None:
    """Ubica los puntos de suministro en los sectores y traza rutas y municipios. Ejemplo: caudal geo locate"""
    from geo.locate import locate

    with _told():
        found = locate()
        if found.missing:
            console.print(f"Falta cargar {', '.join(found.missing)}: corra `caudal replicate` y `caudal geo load`.")
            return
        console.print(f"{found.points:,} puntos: {found.misplaced:,} en otro sector que el suyo, {found.outside:,} en ninguno. "
                      f"{found.routes} áreas de ruta, {found.municipalities} municipios; {found.changed:,} cambios.")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", metavar="CARPETA", help="Dónde se escriben.")] = Path("capas"),
    file_format: Annotated[str, typer.Option("--format", help="gpkg (un archivo con todas) o geojson (uno por capa).")] = "gpkg",
    layer: Annotated[list[str] | None, typer.Option("--layer", metavar="CAPA", help="Sólo esta capa; puede repetirse.")] = None,
) -> None:
    """Escribe las capas publicadas para QGIS. Ejemplo: caudal geo export --layer sectores --layer contratos"""
    from geo.export import export

    if file_format not in ("gpkg", "geojson"):
        console.print(f"No hay formato {file_format!r}: use gpkg o geojson.")
        raise typer.Exit(2)
    with _told():
        for file in export(out, file_format, layer):  # type: ignore[arg-type]
            console.print(str(file))


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="En qué dirección; fuera de esta máquina exige CAUDAL_GEO_PASSWORD.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option("--port", help="Por defecto, uno libre que se recuerda.")] = None,
) -> None:
    """Sirve las capas por OGC API – Features, para QGIS. Ejemplo: caudal geo serve"""
    from geo.serve import start

    with _told():
        console.print(f"Capas en {start(host, port)}. En QGIS: Capa → Añadir capa WFS / OGC API – Features → Nueva.")


@app.command()
def stop() -> None:
    """Detiene el servidor de capas. Ejemplo: caudal geo stop"""
    from caudal.services import stop as stop_service
    from caudal.settings import settings

    console.print("Servidor de capas detenido." if stop_service(settings().home / "services" / "geo.pid") else "No estaba en marcha.")


@app.command()
def find(
    contract: Annotated[str | None, typer.Option("--contract", help="Número de contrato.")] = None,
    cadastral_code: Annotated[str | None, typer.Option("--cadastral-code", help="Código catastral.")] = None,
    identification_hash: Annotated[str | None, typer.Option("--hash", help="Hash de la cédula o RNC (lo da `caudal geo hash`).")] = None,
) -> None:
    """Busca en el catastro. Ejemplo: caudal geo find --contract C-000123"""
    from geo.find import find

    asked = {k: v for k, v in (("contract", contract), ("cadastral_code", cadastral_code), ("identification_hash", identification_hash)) if v}
    if len(asked) != 1:
        console.print("Diga una sola cosa que buscar: --contract, --cadastral-code o --hash.")
        raise typer.Exit(2)
    with _told():
        ((by, value),) = asked.items()
        rows = find(by, value)
        if not rows:
            console.print("No hay ninguno.")
            raise typer.Exit(1)
        for row in rows:
            table = Table(box=None, show_header=False, pad_edge=False)
            for label, column in FOUND.items():
                table.add_row(label, "–" if row[column] is None else str(row[column]))
            console.print(table)


@app.command(name="hash")
def hash_number() -> None:
    """Da el hash de una cédula o RNC, que se pide sin mostrarla. Ejemplo: caudal geo hash"""
    from geo.find import identification_hash

    number = typer.prompt("Cédula o RNC", hide_input=True)
    with _told():
        console.print(identification_hash(number))


def report(path: Path, result: CadastreResult) -> list[str]:
    """What a person is told of a load, line by line."""
    changes = f"{result.inserted} nuevos, {result.updated} cambiados, {result.deleted} retirados"
    drawing = f"el mayor de {result.largest_bytes / 1000:.1f} KB; {result.slivers_closed} astillas cerradas"
    lines = [f"{path.name}: {result.sectors} sectores ({changes}), {drawing}."]
    lines += [f"  En cuarentena: elemento {b.index} ({b.code or 'sin código'}): {b.reason}." for b in result.bad]
    lines += [f"  Traslape: {' y '.join(o.codes)}, {o.area_m2:,.0f} m²; se dejó en {o.codes[0]}." for o in result.overlaps]
    lines += [f"  Hueco: {g.area_m2:,.0f} m² sin sector entre {', '.join(g.codes)}." for g in result.gaps]
    return lines


def _given(path: Path | None, variable: str, example: str) -> Path:
    path = path or (Path(os.environ[variable]) if os.environ.get(variable) else None)
    if path is None:
        console.print(f"Diga qué archivo: caudal geo {example} (o ponga {variable}).")
        raise typer.Exit(2)
    return path


class _told:
    """Within, an error that a person can mend is one red line and code 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (CadastreError, ServiceError, WarehouseUnavailable)):
            console.print(f"[red]ERROR[/] {error}")
            raise typer.Exit(1) from None
