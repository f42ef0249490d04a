"""`caudal reports journal`: the entry of a closed month for the accounting program."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.console import Console

FAILED = 1
EPILOG = ("Ejemplos: caudal reports journal · caudal reports journal --period 2026-10 --by 'Ana Pérez' · "
          "caudal reports journal --period 2026-10 --reopen --reason 'faltaba la nota 123'")


def journal(
    month: Annotated[str | None, typer.Option("--period", help="Mes cerrado, AAAA-MM. Sin él, el último mes cerrado.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Quién lo hace, para el registro. Sin él, el usuario de la máquina.")] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Reabre el último mes exportado, para exportarlo de nuevo. Pide --reason.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Por qué se reabre; queda en el registro.")] = None,
) -> None:
    """Exporta el asiento de un mes cerrado para el programa de contabilidad, una sola vez.

    Repetirlo da el mismo archivo. Si los datos de un mes exportado cambiaron, no escribe otro: dice qué cambió (código 1), y ese ajuste
    sale con el asiento del mes siguiente.
    """
    from caudal.warehouse import WarehouseUnavailable
    from reports import period
    from reports.errors import PeriodError, ReportError
    from reports.journal_entry import export as exporting
    from reports.writers.numbers import money

    console = Console(highlight=False, soft_wrap=True)
    who = by or getpass.getuser()
    try:
        chosen = period.parse(month) if month else None
        if reopen:
            if chosen is None:
                raise PeriodError("Diga qué mes se reabre, con --period AAAA-MM.")
            was = exporting.reopen(chosen, reason=reason or "", by=who)
            console.print(f"Se reabrió {period.name(chosen)}. Saque del programa de contabilidad el asiento {was.number}: el próximo llevará otro número.",
                          markup=False)
            return
        made = exporting.export(chosen, by=who)
    except (ReportError, WarehouseUnavailable) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"No se exportó: {error}", style="red", markup=False)
        raise typer.Exit(FAILED) from None
    found = made.period
    if made.is_new:
        console.print(f"{made.file.path}", markup=False)
        console.print(
            f"Asiento {found.number}: {len(found.lines)} líneas y {len(found.adjustments)} de ajustes de meses anteriores, {money(found.total)} al debe y "
            f"al haber. {period.name(found.month).capitalize()} queda cerrado.", markup=False)
    else:
        at = period.local(found.exported_at)
        console.print(f"{made.file.path}", markup=False)
        console.print(
            f"Ya estaba exportado, con el asiento {found.number}, el {at:%d/%m/%Y %H:%M} por {found.exported_by}: es el mismo archivo "
            f"(SHA-256 {found.sha256[:12]}…), no se escribió otro.", markup=False)
