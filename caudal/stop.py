"""`caudal down`: ends every program that `caudal up` started. The data stay under the home."""

from __future__ import annotations

import typer

from caudal import services
from caudal.postgres import EmbeddedPostgres
from caudal.settings import settings

app = typer.Typer(help=f"{__doc__} Ejemplo: caudal down")


@app.callback(invoke_without_command=True)
def down() -> None:
    """Detiene Superset, Airflow, el sustituto de Odoo y el PostgreSQL embebido. Los datos quedan."""
    stopped = services.stop_all()
    server = EmbeddedPostgres(settings().home)
    if server.is_running():
        server.stop()
        stopped.append("postgres")
    typer.echo(f"Detenido: {', '.join(stopped)}." if stopped else "No había nada en marcha.")
