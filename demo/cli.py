"""`caudal demo`: make the synthetic utility, serve it as Odoo would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="La empresa de agua sintética y el sustituto de Odoo. Ejemplo: caudal demo generate --size tiny")
Dsn = Annotated[str | None, typer.Option(help="URL de la base de datos; sin ella, la base odoo_demo del PostgreSQL embebido.")]


def _source(dsn: str | None) -> str:
    if dsn:
        return dsn
    from caudal import warehouse
    from demo.odoo import server

    warehouse.ensure_server()
    warehouse.ensure_database(server.SOURCE_DATABASE)
    return server.source_dsn()


@app.command()
def generate(
    size: Annotated[str, typer.Option(help="tiny (200 contratos × 14 meses) o demo (5,000 × 36).")] = "tiny",
    seed: Annotated[int, typer.Option(help="La misma semilla da las mismas filas.")] = 20261115,
    cadastre: Annotated[Path | None, typer.Option(help="Escribe también el catastro (GeoJSON) en este archivo.")] = None,
    dsn: Dsn = None,
) -> None:
    """Crea la empresa sintética, en lugar de la que hubiera. Ejemplo: caudal demo generate --size tiny --cadastre catastro.geojson"""
    import demo
    from demo.utility.catalogue import SIZES

    if size not in SIZES:
        raise typer.BadParameter(f"no existe el tamaño {size!r}; hay: {', '.join(SIZES)}", param_hint="--size")
    typer.echo(demo.generate(_source(dsn), size, seed).text_es())
    if cadastre:
        typer.echo(f"  Catastro: {demo.write_cadastre(cadastre, size)}")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Puerto en 127.0.0.1.")] = 8069,
    host: Annotated[str, typer.Option(help="Dirección en que escucha.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help="Procesos.")] = 2,
    dsn: Dsn = None,
) -> None:
    """Sirve la empresa sintética como lo haría Odoo (JSON-RPC). Ejemplo: caudal demo serve --port 8069"""
    from demo.odoo.server import serve_forever

    serve_forever(_source(dsn), host, port, workers)


if __name__ == "__main__":
    app()
