"""`caudal replicate`: Odoo → raw."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from caudal import warehouse
from sources.contract import SourceError
from sources.odoo.paging import PAGE_ROWS
from sources.plan import Plan, plan
from sources.progress import watcher
from sources.replicate import DEFAULT_CLIENTS, EntityResult, Request, replicate

EPILOG = ("Ejemplos: caudal replicate · caudal replicate --verify · caudal replicate --entity account_move --since 2026-10-01 · "
          "caudal replicate --full --clients 4 · caudal replicate --dry-run")

MATCH = {"ok": "sí", "quarantined": "cuarentena", "hidden": "ocultas", "difference": "NO", "steady": "sin bajas"}  # ops.reconciliation.status, in a column

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@app.command(epilog=EPILOG)
def main(
    entity: Annotated[list[str] | None, typer.Option("--entity", metavar="ENTIDAD", help="Sólo esta entidad; puede repetirse.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Lee todas las filas, no sólo las que cambiaron.")] = False,
    clients: Annotated[int, typer.Option(
        "--clients", min=1, max=32, metavar="N", help="Consultas a Odoo al mismo tiempo (como procesos tenga Odoo).")] = DEFAULT_CLIENTS,
    verify: Annotated[bool, typer.Option(
        "--verify", help="Compara además tabla y Odoo por rangos, y repara lo que difiera (lo cambiado por SQL directo también).")] = False,
    since: Annotated[datetime | None, typer.Option(
        "--since", metavar="AAAA-MM-DD", formats=["%Y-%m-%d"], help="Vuelve a leer lo que cambió desde ese día.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Dice qué haría con cada entidad; no escribe nada.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Si otra réplica trabaja con una entidad, la deja en vez de esperar.")] = False,
    accept_deletions: Annotated[bool, typer.Option(
        "--accept-deletions", help="Acepta que haya desaparecido más de la mitad de una tabla.")] = False,
    accept_rewind: Annotated[bool, typer.Option(
        "--accept-rewind", help="Acepta que la base de Odoo se haya restaurado de un respaldo: lee todo; lo que ya no está queda como borrado.")] = False,
    page_rows: Annotated[int, typer.Option(min=1, metavar="N", help="Filas por consulta, como máximo; menos si Odoo corta por tiempo.")] = PAGE_ROWS,
) -> None:
    """Trae de Odoo lo que cambió y lo deja en raw.*; repetirlo no hace daño.

    Lee ODOO_URL, ODOO_DB, ODOO_USER y ODOO_PASSWORD del entorno. Termina con código 1 si alguna entidad falló.
    """
    out, err = Console(), Console(stderr=True, soft_wrap=True, highlight=False)
    day: date | None = since.date() if since else None
    if dry_run:
        _dry_run(out, err, entity or None, Request(full, verify, day, accept_deletions, accept_rewind), clients)
        return
    try:
        warehouse.ensure()
        with watcher(out) as progress:
            results = replicate(
                entity or None, full=full, verify=verify, since=day, clients=clients, accept_deletions=accept_deletions,
                accept_rewind=accept_rewind, wait=not no_wait, progress=progress, page_rows=page_rows)
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


def _dry_run(out: Console, err: Console, entities: list[str] | None, asked: Request, clients: int) -> None:
    """Print what would be done. Ends with code 1 when something would stop an entity."""
    try:
        plans = plan(entities, asked, clients)
    except (SourceError, warehouse.WarehouseUnavailable) as error:
        err.print(f"No se puede saber. {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    out.print(preview(plans))
    for note in (n for p in plans for n in p.notes):
        err.print(f"AVISO {note}", style="yellow", markup=False)
    for stopped in (p for p in plans if p.error):
        err.print(f"FALLARÍA {stopped.entity}: {stopped.error}", style="red", markup=False)
    if any(p.error for p in plans):
        raise typer.Exit(1)


def preview(plans: list[Plan]) -> Table:
    """One line an entity: what would be read and what would become a tombstone."""
    table = Table(title="Réplica de Odoo: lo que se haría (no se escribió nada)", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("Entidad", "Modo", "Desde (UTC)"):
        table.add_column(title, no_wrap=True)
    for title in ("Por leer", "Faltan", "Borradas"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Por qué completa")
    for p in plans:
        numbers = ["", "", ""] if p.error else [f"{n:,}" for n in (p.rows, p.lacking, p.gone)]
        table.add_row(p.entity, "FALLARÍA" if p.error else p.mode, f"{p.since:%Y-%m-%d %H:%M}" if p.since else "", *numbers, p.reason or "",
                      style="red" if p.error else None)
    return table


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
