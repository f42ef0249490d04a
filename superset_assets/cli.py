"""`caudal superset`: start, stop, publish, url."""

from __future__ import annotations

import typer

from caudal.semantic import SemanticError
from caudal.services import ServiceError
from caudal.warehouse import WarehouseUnavailable

app = typer.Typer(no_args_is_help=True, help="Superset: iniciar, detener, publicar tableros. Ejemplo: caudal superset start")


def _fail(error: Exception) -> None:
    typer.secho(str(error), err=True, fg="red")
    raise typer.Exit(1)


@app.command()
def start() -> None:
    """Prepara e inicia Superset, y dice su dirección. Ejemplo: caudal superset start"""
    from .server import SupersetSetupError, start

    try:
        typer.echo(start(progress=typer.echo))
    except (SupersetSetupError, ServiceError, WarehouseUnavailable) as error:
        _fail(error)


@app.command()
def stop() -> None:
    """Detiene Superset. Ejemplo: caudal superset stop"""
    from .server import stop

    typer.echo("Superset detenido." if stop() else "Superset no estaba en marcha.")


@app.command()
def publish() -> None:
    """Revisa y publica los tableros de los archivos. Ejemplo: caudal superset publish"""
    from .client import SupersetError
    from .files import AssetError
    from .publish import publish
    from .server import SupersetSetupError

    try:
        typer.echo(str(publish()))
    except AssetError as error:
        typer.secho(f"No se publicó nada. {len(error.problems)} problema(s):", err=True, fg="red")
        _fail(error)
    except (SupersetError, SupersetSetupError, SemanticError) as error:
        _fail(error)


@app.command()
def check() -> None:
    """Revisa los archivos de los tableros sin publicar. Ejemplo: caudal superset check"""
    from .checks import check
    from .context import load
    from .files import AssetError

    try:
        context = load()
        check(context)
    except (AssetError, SemanticError) as error:
        _fail(error)
    typer.echo(f"Correcto: {len(context.assets.datasets)} conjuntos de datos, {len(context.assets.charts)} gráficos, "
               f"{len(context.assets.dashboards)} tablero(s).")


@app.command()
def url() -> None:
    """Dirección de Superset y usuario. Ejemplo: caudal superset url"""
    from . import server
    from .setup_names import ADMIN

    try:
        typer.echo(f"{server.url()}  usuario: {ADMIN}  contraseña en: {server.settings().home / 'secrets' / 'superset_admin'}")
    except server.SupersetSetupError as error:
        _fail(error)
