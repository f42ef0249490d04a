"""`caudal postgres`: the embedded server by hand. Example: `psql "$(caudal postgres url --role read)"`."""

from __future__ import annotations

import typer

from caudal import warehouse
from caudal.postgres import EmbeddedPostgres
from caudal.settings import settings

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command()
def start() -> None:
    """Start the server and bring schemas, roles and ops tables up to date."""
    warehouse.bootstrap()
    typer.echo("PostgreSQL listo.")


@app.command()
def stop() -> None:
    """Stop the server."""
    EmbeddedPostgres(settings().home).stop()


@app.command()
def url(role: str = "read", dbname: str = typer.Option(None)) -> None:
    """Print the connection URL of a role, password included. Example: caudal postgres url --role read"""
    typer.echo(settings().warehouse_url(role, dbname))
