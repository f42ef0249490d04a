"""`caudal reconcile`: source against warehouse, for a person or for a cron job."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from caudal import warehouse
from sources.contract import SourceError
from sources.reconciliation import EntityCheck, Tolerance, reconcile
from sources.reconciliation.check import LISTED, explanation
from sources.reconciliation.compare import Group
from sources.reconciliation.reasons import REMEDY

EPILOG = "Ejemplos: caudal reconcile · caudal reconcile --entity account_move --since 2026-10-01 · caudal reconcile --tolerance-rows 5 --format json"
BEYOND, NOT_COMPARED = 1, 2
STATES = {"ok": ("cuadra", "green"), "pending": ("pendiente", "yellow"), "hidden": ("ocultas", "yellow"), "difference": ("DIFIERE", "red"),
          "failed": ("FALLÓ", "red")}

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


class Format(StrEnum):
    """How to print it."""

    table = "table"
    json = "json"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} no es una fecha; escríbala AAAA-MM-DD.") from None


def _amount(text: str) -> Decimal:
    try:
        if (amount := Decimal(text)) >= 0:
            return amount
    except InvalidOperation:
        pass
    raise typer.BadParameter(f"{text!r} no es un monto en RD$, por ejemplo 0.50.")


@app.command(epilog=EPILOG)
def main(
    entity: Annotated[list[str] | None, typer.Option("--entity", metavar="ENTIDAD", help="Sólo esta entidad; puede repetirse.")] = None,
    since: Annotated[date | None, typer.Option("--since", parser=_day, metavar="AAAA-MM-DD", help="Sólo los días desde esta fecha del negocio.")] = None,
    tolerance_rows: Annotated[int, typer.Option("--tolerance-rows", "--tolerance", min=0, metavar="N", help="Filas que puede diferir una entidad.")] = 0,
    tolerance_amount: Annotated[Decimal, typer.Option(parser=_amount, metavar="RD$", help="Monto que puede diferir una entidad.")] = Decimal(0),
    strict: Annotated[bool, typer.Option("--strict", help="Cuenta también lo pendiente: lo que cambió después de la última réplica.")] = False,
    ids: Annotated[int, typer.Option(min=0, metavar="N", help="Cuántas filas nombrar de cada entidad.")] = LISTED,
    form: Annotated[Format, typer.Option("--format", help="table: para leer; json: para otros programas, con claves que no cambian.")] = Format.table,
) -> None:
    """Compara Odoo con el almacén por entidad, día y estado: filas, montos y última clave, y nombra las filas que explican una diferencia.

    Termina con código 1 si alguna entidad difiere más de lo tolerado, 2 si alguna no se pudo comparar, 0 si todo cuadra.
    """
    tolerance = Tolerance(tolerance_rows, tolerance_amount, strict)
    try:
        warehouse.ensure()
        checks = reconcile(entity or None, since=since, tolerance=tolerance, listed=ids)
    except (SourceError, warehouse.WarehouseUnavailable) as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"No se comparó nada. {error}", style="red", markup=False)
        raise typer.Exit(NOT_COMPARED) from None
    if form is Format.json:
        typer.echo(json.dumps(as_dict(checks, since, tolerance, ids), ensure_ascii=False, indent=1))
    else:
        _print(checks, ids)
    if any(check.error for check in checks):
        raise typer.Exit(NOT_COMPARED)
    raise typer.Exit(BEYOND if any(check.beyond for check in checks) else 0)


def as_dict(checks: list[EntityCheck], since: date | None, tolerance: Tolerance, listed: int) -> dict[str, Any]:
    """For other programs: amounts as text, so that no reader turns them into floats."""
    return {
        "checked_at": datetime.now(UTC).isoformat(), "ok": not any(check.beyond or check.error for check in checks),
        "since": since.isoformat() if since else None,
        "tolerance": {"rows": tolerance.rows, "amount": str(tolerance.amount), "strict": tolerance.strict},
        "entities": [{
            "entity": check.entity, "status": check.status, "beyond_tolerance": check.beyond, "error": check.error, "hidden_rows": check.hidden,
            "source_rows": check.total("source", "rows"), "warehouse_rows": check.total("warehouse", "rows"),
            "source_amount": _text(check.total("source", "amount")), "warehouse_amount": _text(check.total("warehouse", "amount")),
            "groups": len(check.groups), "differences": [_group(group, listed) for group in check.different],
        } for check in checks],
    }


def _group(group: Group, listed: int) -> dict[str, Any]:
    sides = {name: None if tally is None else {"rows": tally.rows, "amount": _text(tally.amount), "max_id": tally.max_id}
             for name, tally in (("source", group.source), ("warehouse", group.warehouse))}
    return {
        "day": group.key[0].isoformat() if group.key[0] else None, "state": group.key[1], "status": group.status, **sides,
        "rows_difference": group.rows_difference, "amount_difference": _text(group.amount_difference), "pending_rows": group.pending_rows,
        "unexplained_rows": group.unexplained[0], "unexplained_amount": str(group.unexplained[1]),
        "records": [record.as_dict() for record in group.records[:listed]], "records_total": len(group.records),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _print(checks: list[EntityCheck], listed: int) -> None:
    out = Console(highlight=False)
    table = Table(title="Odoo contra el almacén", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Entidad", no_wrap=True)
    for title in ("En Odoo", "Almacén", "RD$ dif.", "Difieren"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Cuadre", no_wrap=True)
    for check in checks:
        label, style = STATES[check.status]
        if check.error:
            table.add_row(check.entity, "", "", "", "", label, style=style)
            continue
        amounts = [check.total(side, "amount") for side in ("source", "warehouse")]
        table.add_row(
            check.entity, f"{check.total('source', 'rows'):,}", f"{check.total('warehouse', 'rows'):,}",
            "" if None in amounts else f"{amounts[0] - amounts[1]:,.2f}", f"{len(check.different):,} de {len(check.groups):,}", f"[{style}]{label}[/]")
    out.print(table)
    said = Console(soft_wrap=True, highlight=False)
    for message in dict.fromkeys(check.error for check in checks if check.error):  # when Odoo is down it is said once
        said.print(f"FALLÓ {', '.join(c.entity for c in checks if c.error == message)}: {message}", style="red", markup=False)
    for check in checks:
        left = listed
        for group in check.different:
            shown = min(left, len(group.records))
            left -= shown
            said.print(_line(check.entity, group, shown), style=STATES[group.status][1], markup=False)
        if check.hidden:
            said.print(f"{check.entity}: Odoo oculta {check.hidden:,} filas al usuario de réplica (reglas de registro o compañías).",
                       style="yellow", markup=False)
    for remedy in dict.fromkeys(REMEDY.get(r.reason, "") for check in checks for group in check.different for r in group.records):
        if remedy:
            said.print(f"→ {remedy}", markup=False)


def _line(entity: str, group: Group, listed: int) -> str:
    """`account_move 05/10/2026 posted: +1 filas, RD$ +10.00 (pendiente). 123: creada después…`."""
    day, state = group.key
    where = " ".join([entity, f"{day:%d/%m/%Y}" if day else "sin fecha", *([state] if state else [])])
    amount = "" if not group.amount_difference else f", RD$ {group.amount_difference:+,.2f}"
    kind = " (pendiente)" if group.status == "pending" else ""
    return f"{where}: {group.rows_difference:+,} filas{amount} en Odoo{kind}. {explanation(group, listed)}."
