"""`caudal superset`: start, stop, publish, url."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from caudal.semantic import SemanticError
from caudal.services import ServiceError
from caudal.settings import ROOT
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
def publish(
    dry_run: bool = typer.Option(False, "--dry-run", help="Solo dice qué cambiaría."),
    prune: bool = typer.Option(False, "--prune", help="Quita de Superset, sin preguntar, lo que ya no está en los archivos."),
    warming: bool = typer.Option(True, "--warm/--no-warm", help="Llena después la caché, como `caudal superset warm`."),
) -> None:
    """Revisa los archivos, muestra qué cambia en Superset y lo publica. Ejemplo: caudal superset publish --dry-run"""
    from .client import SupersetError
    from .files import AssetError
    from .publish import publish
    from .server import SupersetSetupError
    from .warm import warm

    def ask(lines: list[str]) -> bool:
        return sys.stdin.isatty() and typer.confirm(f"¿Quitar de Superset {len(lines)} elemento(s) que ya no están en los archivos?")

    try:
        typer.echo(str(publish(dry_run=dry_run, prune=prune, ask=ask, show=typer.echo)))
        if warming and not dry_run:
            typer.echo(str(warm().or_fail()))
    except AssetError as error:
        typer.secho(f"No se publicó nada. {len(error.problems)} problema(s):", err=True, fg="red")
        _fail(error)
    except (SupersetError, SupersetSetupError, SemanticError, WarehouseUnavailable) as error:
        _fail(error)


@app.command()
def pull(dashboard: str = typer.Argument(None, help="Dirección del tablero; sin ella, todos.")) -> None:
    """Trae a los archivos lo que se cambió en las pantallas de Superset. Ejemplo: caudal superset pull morosidad"""
    from .client import SupersetError
    from .files import AssetError
    from .pull import PullRefused, pull
    from .server import SupersetSetupError

    try:
        changed = pull(dashboard)
    except PullRefused as error:
        typer.secho("No se cambió ningún archivo:", err=True, fg="red")
        _fail(error)
    except (AssetError, SupersetError, SupersetSetupError, SemanticError, WarehouseUnavailable) as error:
        _fail(error)
    typer.echo("\n".join(f"superset_assets/{name}" for name in changed) or "Los archivos ya dicen lo que muestra Superset.")


@app.command()
def users() -> None:
    """Pone al día los usuarios de Superset según `caudal access`. Ejemplo: caudal superset users"""
    from .client import Client, SupersetError
    from .context import load
    from .files import AssetError
    from .server import SupersetSetupError
    from .sync import users

    try:
        lines = users(Client(), load())
    except (AssetError, SupersetError, SupersetSetupError, SemanticError, WarehouseUnavailable) as error:
        _fail(error)
    typer.echo("\n".join(lines) or "Los usuarios ya estaban al día.")


_TARGET = typer.Option(ROOT / "docs" / "es", "--target", help="Carpeta donde se escribe.")
_DASHBOARD = typer.Option("morosidad", "--dashboard", help="Dirección del tablero.")
_GUEST = typer.Option(..., "--guest", help="Invitado: un usuario con accesos de rol `invitado`.")
_MUNICIPALITY = typer.Option(None, "--municipio", help="Solo este municipio, de los que el invitado puede ver.")
_SECTOR = typer.Option(None, "--sector", help="Solo este sector, de los que el invitado puede ver.")


@app.command("guest-token")
def guest_token(dashboard: str = _DASHBOARD, guest: str = _GUEST, municipality: str = _MUNICIPALITY, sector: str = _SECTOR) -> None:
    """Un pase de cinco minutos para un tablero incrustado. Ejemplo: caudal superset guest-token --guest portal --sector MOC-01"""
    from .client import SupersetError
    from .files import AssetError
    from .guest import issue
    from .server import SupersetSetupError

    try:
        given = issue(dashboard, guest, municipality, sector)
    except (AssetError, SupersetError, SupersetSetupError, SemanticError, WarehouseUnavailable) as error:
        _fail(error)
    typer.echo(json.dumps(asdict(given)))


@app.command("embed-example")
def embed_example(
    dashboard: str = _DASHBOARD, guest: str = _GUEST, port: int = typer.Option(8089, "--port", help="Puerto de la página en esta máquina."),
) -> None:
    """Una página de ejemplo con el tablero dentro. Ejemplo: caudal superset embed-example --guest portal"""
    from .client import Client, SupersetError
    from .context import load
    from .embed.serve import server
    from .files import AssetError
    from .guest import issue
    from .server import SupersetSetupError

    origin = f"http://127.0.0.1:{port}"
    try:
        context = load()
        issue(dashboard, guest, origins=[origin], context=context)  # so that what is wrong is said here, not in the page
        page = server(port, lambda: issue(dashboard, guest, origins=[origin], context=context, client=Client()))
    except (AssetError, SupersetError, SupersetSetupError, SemanticError, WarehouseUnavailable, OSError) as error:
        _fail(error)
    if origin not in os.environ.get("CAUDAL_SUPERSET_EMBED_ORIGINS", ""):
        typer.echo(f"Superset solo se deja incrustar por quien diga CAUDAL_SUPERSET_EMBED_ORIGINS={origin} (y `caudal superset start`).")
    typer.echo(f"{origin}/   (Ctrl-C para terminar)")
    with page:
        page.serve_forever()


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
def docs(
    check: bool = typer.Option(False, "--check", help="Solo dice si las páginas están al día."),
    target: Path = _TARGET,
) -> None:
    """Escribe en docs/es qué significa cada gráfico de cada tablero. Ejemplo: caudal superset docs --check"""
    from caudal.semantic import manifest_path
    from caudal.semantic.lineage import load_manifest

    from . import docs as pages
    from .context import load
    from .files import AssetError

    try:
        texts = pages.pages(load(), load_manifest(manifest_path()))
    except (AssetError, SemanticError) as error:
        _fail(error)
    if check:
        if old := pages.stale(target, texts):
            typer.echo(f"No están al día: {', '.join(old)}. Ejecute `caudal superset docs`.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{target / pages.INDEX} está al día.")
        return
    pages.write(target, texts)
    typer.echo(f"Escrito: {target / pages.INDEX} y {len(texts) - 1} página(s).")


@app.command()
def screenshots(dashboard: str = typer.Argument(None, help="Dirección del tablero; sin ella, todos.")) -> None:
    """Toma de cada tablero la imagen de su página, con Chromium. Ejemplo: caudal superset screenshots morosidad"""
    from .client import SupersetError
    from .context import load
    from .files import AssetError
    from .screenshots import ScreenshotFailed, take
    from .server import SupersetSetupError

    try:
        for path in take(load(), dashboard):
            typer.echo(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} KB")
    except (AssetError, SupersetError, SupersetSetupError, SemanticError, ScreenshotFailed) as error:
        _fail(error)


@app.command()
def warm() -> None:
    """Pide cada gráfico una vez, con los filtros con que abre su tablero, para que la caché lo tenga. Ejemplo: caudal superset warm"""
    from .client import SupersetError
    from .files import AssetError
    from .server import SupersetSetupError
    from .warm import warm

    try:
        typer.echo(str(warm().or_fail()))
    except (AssetError, SupersetError, SupersetSetupError, SemanticError, WarehouseUnavailable) as error:
        _fail(error)


@app.command()
def url() -> None:
    """Dirección de Superset y usuario. Ejemplo: caudal superset url"""
    from . import server
    from .setup_names import ADMIN

    try:
        typer.echo(f"{server.url()}  usuario: {ADMIN}  contraseña en: {server.settings().home / 'secrets' / 'superset_admin'}")
    except server.SupersetSetupError as error:
        _fail(error)
