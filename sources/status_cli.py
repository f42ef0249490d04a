"""`caudal status`: how replication stands, for a person or for a cron job."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from caudal import warehouse
from caudal.settings import settings
from sources.contract import SourceError
from sources.status import LATE_AFTER, EntityStatus, status

EPILOG = "Ejemplos: caudal status · caudal status --entity account_move --format json · caudal status > /dev/null || mail -s 'Réplica' yo@empresa.do"

STATES = {"ok": ("bien", "green"), "running": ("corre", "cyan"), "late": ("TARDE", "red"), "failed": ("FALLÓ", "red"),
          "never": ("NUNCA", "red"), "absent": ("ausente", "dim")}
MODES = {"completa": "todo", "incremental": "incr", "ausente": ""}
MATCH = {"ok": ("sí", ""), "quarantined": ("cuarent", "yellow"), "hidden": ("ocultas", "yellow"), "pending": ("espera", ""), "difference": ("NO", "red")}

ACTIONS = {"warned": "el mapeo no lo usa", "refused": "la entidad no se lee hasta corregir el mapeo", "added": "ya es una columna de raw",
           "kept": "la columna conserva sus últimos valores", "excluded": "no se trae", "accepted": "la columna lo recibe sin pérdida"}

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


class Format(StrEnum):
    """How to print it."""

    table = "table"
    json = "json"


@app.command(epilog=EPILOG)
def main(
    entity: Annotated[list[str] | None, typer.Option("--entity", metavar="ENTIDAD", help="Sólo esta entidad; puede repetirse.")] = None,
    form: Annotated[Format, typer.Option("--format", help="table: para leer; json: para otros programas, con claves que no cambian.")] = Format.table,
) -> None:
    """Dice cómo está la réplica: última corrida, atraso, filas, cuadre, cuarentena y campos nuevos, por entidad.

    Pregunta sólo al almacén. Termina con código 1 si alguna entidad falló, nunca se leyó o lleva más de 26 horas sin una corrida buena.
    """
    try:
        found = status(entity or None)
    except (SourceError, warehouse.WarehouseUnavailable) as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    if form is Format.json:
        typer.echo(json.dumps({
            "checked_at": datetime.now(UTC).isoformat(), "ok": all(s.is_fine for s in found), "late_after_seconds": int(LATE_AFTER.total_seconds()),
            "entities": [s.as_dict() for s in found]}, ensure_ascii=False, indent=1))
    else:
        _print(found)
    raise typer.Exit(int(not all(s.is_fine for s in found)))


def _print(found: list[EntityStatus]) -> None:
    out = Console(highlight=False)
    out = Console(highlight=False, width=None if out.is_terminal else 100)
    out.print(table(found))
    for s in found:
        for change in s.drift:
            out.print(f"CAMPOS {s.entity}: {_drift(change)}", style="yellow", markup=False, soft_wrap=True)
        if s.quarantine_open:
            out.print(f"CUARENTENA {s.entity}: {s.quarantine_open:,} filas; vea ops.quarantine", style="yellow", markup=False, soft_wrap=True)
    for s in found:
        if s.state == "failed":
            out.print(f"FALLÓ {s.entity} ({_local(s.error_at)}): {s.error}", style="red", markup=False, soft_wrap=True)
    wrong = [s.entity for s in found if not s.is_fine]
    out.print(f"Requieren atención {len(wrong)} de {len(found)}: {', '.join(wrong)}." if wrong else f"Las {len(found)} entidades están al día.",
              style="red" if wrong else "green", markup=False, soft_wrap=True)


def _drift(change: dict[str, Any]) -> str:
    """One row of ops.schema_drift as a person says it."""
    what = {"new": "es nuevo", "dropped": "ya no está", "retyped": f"era {change['old_type']} y ahora es {change['new_type']}",
            "renamed": f"parece llamarse ahora {change['new_field']}"}[change["change"]]
    return f"{change['field']} {what}; {ACTIONS.get(change['action'], change['action'])}"


def table(found: list[EntityStatus]) -> Table:
    """One line an entity, at most 100 columns. «Corrida» and «Marca»: how long since the last good run, and since the watermark."""
    out = Table(title="Réplica de Odoo", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for title in ("Entidad", "Estado", "Modo"):
        out.add_column(title, no_wrap=True)
    for title in ("Corrida", "Marca", "Filas", "Borr.", "Leídas", "Cambios"):
        out.add_column(title, justify="right", no_wrap=True)
    out.add_column("Cuadre", no_wrap=True)
    for s in found:
        match, colour = MATCH.get(s.reconciliation or "", (s.reconciliation or "", ""))
        word, style = STATES[s.state]
        out.add_row(s.entity, Text(word, style), MODES.get(s.mode or "", s.mode), _age(s.seconds_since_ok), _age(s.watermark_lag_seconds),
                    *(_number(n) for n in (s.rows_live, s.rows_tombstoned, s.rows_read, s.rows_changed)), Text(match, colour))
    return out


def _number(n: int | None) -> str:
    return "" if n is None else f"{n:,}"


def _age(seconds: int | None) -> str:
    """A time in one unit: 40 s, 12 min, 5 h, 3 d."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _local(moment: datetime | None) -> str:
    return f"{moment.astimezone(ZoneInfo(settings().timezone)):%d/%m/%Y %H:%M}" if moment else ""
