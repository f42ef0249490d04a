"""`caudal build`: construye y prueba los marts con dbt, y los publica si todo pasa. Ejemplo: caudal build"""

from __future__ import annotations

import typer

from caudal import warehouse

app = typer.Typer(help=__doc__, add_completion=False)


@app.command()
def build(
    select: str = typer.Option(
        None, "--select", "-s", help="Construye y prueba solo esto (selección de dbt), sin publicar. Ejemplo: -s +mart_dgii__607"),
    full_refresh: bool = typer.Option(
        False, "--full-refresh", help="Rehace enteros los modelos incrementales, en lugar de traer solo lo que cambió."),
    full_tests: bool = typer.Option(
        False, "--full-tests", help="Las pruebas leen toda la historia, y no solo lo que cambió. Recomendado una vez por semana."),
) -> None:
    """Construye los marts en `marts_next`, los prueba y, si todo pasa, los publica de una vez. Sale con 1 si algo falla.

    Cada vez trae solo lo que cambió desde que ese lado se construyó; decide sola qué hay que rehacer entero, y lo dice.

    Ejemplo: caudal build
    Ejemplo: caudal build --full-tests
    """
    from caudal.build import build as run

    try:
        warehouse.bootstrap()
        result = run(select, full_refresh=full_refresh, full_tests=full_tests)
    except warehouse.WarehouseUnavailable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for name in result.failed_tests:
        typer.echo(f"  falló: {name}", err=True)
    typer.echo(f"{result.message_es} ({result.seconds:.0f} s)", err=not result.ok)
    if not result.ok:
        raise typer.Exit(1)
