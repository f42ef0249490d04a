"""`caudal replicate`: Odoo → raw."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from caudal import warehouse
from sources.contract import SourceError
from sources.odoo.paging import PAGE_ROWS
from sources.progress import watcher
from sources.replicate import DEFAULT_CLIENTS, EntityResult, replicate

EPILOG = "Ejemplos: caudal replicate · caudal replicate --entity account_move --entity account_payment · caudal replicate --full --clients 4"

MATCH = {"ok": "sí", "quarantined": "cuarentena", "hidden": "ocultas", "difference": "NO"}  # ops.reconciliation.status, in a column

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@app.command(epilog=EPILOG)
def main(
    entity: Annotated[list[str] | None, typer.Option("--entity", metavar="ENTIDAD", help="Sólo esta entidad; puede repetirse.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Lee todas las filas, no sólo las que cambiaron.")] = False,
    clients: Annotated[int, typer.Option(
        "--clients", min=1, max=32, metavar="N", help="Consultas a Odoo al mismo tiempo (como procesos tenga Odoo).")] = DEFAULT_CLIENTS,
    accept_deletions: Annotated[bool, typer.Option(
        "--accept-deletions", help="Acepta que haya desaparecido más de la mitad de una tabla.")] = False,
    page_rows: Annotated[int, typer.Option(min=1, metavar="N", help="Filas por consulta, como máximo; menos si Odoo corta por tiempo.")] = PAGE_ROWS,
) -> None:
    """Trae de Odoo lo que cambió y lo deja en raw.*; repetirlo no hace daño.

    Lee ODOO_URL, ODOO_DB, ODOO_USER y ODOO_PASSWORD del entorno. Termina con código 1 si alguna entidad falló.
    """
    out, err = Console(), Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        _ensure_warehouse()
        with watcher(out) as progress:
            results = replicate(
                entity or None, full=full, clients=clients, accept_deletions=accept_deletions, progress=progress, page_rows=page_rows)
    except (SourceError, warehouse.WarehouseUnavailable) as error:
        err.print(f"No se replicó nada. {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    out.print(summary(results))
    for warning in (w for r in results for w in r.warnings):
        err.print(f"AVISO {warning}", style="yellow", markup=False)
    errors = _by_message(results)
    for message, stopped in errors.items():
        err.print(f"FALLÓ {stopped}: {message}", style="red", markup=False)
    if errors:
        raise typer.Exit(1)


def _ensure_warehouse() -> None:
    """Start the embedded server, and make roles and tables the first time. Not each time: it may run while others read and load."""
    warehouse.ensure_server()
    try:
        with warehouse.connect("load") as conn:
            ready = conn.execute("select to_regclass('ops.reconciliation') is not null").fetchone()[0]
    except warehouse.WarehouseUnavailable:
        ready = False
    if not ready:
        warehouse.bootstrap()


def summary(results: list[EntityResult]) -> Table:
    """The table printed at the end: one line an entity, and the total. It fits 80 columns."""
    table = Table(title="Réplica de Odoo", show_footer=True, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    ok = [r for r in results if r.status == "ok"]
    numbers = {"Leídas": "rows_read", "Nuevas": "inserted", "Cambiadas": "updated", "Borradas": "deleted"}
    if any(r.quarantined for r in ok):
        numbers["Cuarent."] = "quarantined"
    table.add_column("Entidad", footer=f"{len(ok)} de {len(results)} bien", no_wrap=True)
    for title, attribute in numbers.items():
        table.add_column(title, footer=f"{sum(getattr(r, attribute) for r in ok):,}", justify="right", no_wrap=True)
    table.add_column("Cuadre", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    for r in results:
        fine = r.status == "ok"
        table.add_row(r.entity, *(f"{getattr(r, attribute):,}" if fine else "" for attribute in numbers.values()),
                      MATCH.get(r.reconciliation or "", "") if fine else "FALLÓ", f"{r.seconds:.1f}", style=None if fine else "red")
    return table


def _by_message(results: list[EntityResult]) -> dict[str, str]:
    """Each error with the entities it stopped: when Odoo is down it is said once."""
    names: dict[str, list[str]] = {}
    for result in results:
        if result.status != "ok":
            names.setdefault(result.error or "", []).append(result.entity)
    everything = f"las {len(results)} entidades"
    return {error: everything if len(stopped) == len(results) > 1 else ", ".join(stopped) for error, stopped in names.items()}
