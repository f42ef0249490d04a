"""`caudal docs`: the documentation of the warehouse and the KPI dictionary, served on this machine."""

from __future__ import annotations

import typer

from caudal import docs
from caudal.semantic import SemanticError
from caudal.services import ServiceError
from superset_assets.files import AssetError

app = typer.Typer(no_args_is_help=True, help="La documentación del almacén (modelos, columnas, linaje) y de los indicadores. Ejemplo: caudal docs serve")


@app.command()
def build() -> None:
    """Escribe las páginas. Ejemplo: caudal docs build"""
    try:
        typer.echo(f"Escrito: {docs.build()}")
    except (docs.DocsFailed, SemanticError, AssetError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def serve() -> None:
    """Escribe las páginas y las sirve en esta máquina, sin internet. Ejemplo: caudal docs serve"""
    try:
        docs.build()
        address = docs.start()
    except (docs.DocsFailed, SemanticError, AssetError, ServiceError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Modelos y linaje: {address}\nIndicadores: {address}indicadores.html\nTableros: {address}tableros.html")
    typer.echo(f"Para que cada tablero enlace su página: CAUDAL_DOCS_URL={address} y `caudal superset publish`.")


@app.command()
def stop() -> None:
    """Deja de servir las páginas. Ejemplo: caudal docs stop"""
    typer.echo("Detenido." if docs.service().stop() else "No se estaban sirviendo.")
