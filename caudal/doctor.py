"""`caudal doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from caudal.doctor_source import Check, source
from caudal.settings import settings

app = typer.Typer(help=f"{__doc__} Ejemplo: caudal doctor")
GIB = 2**30
DISK_GIB, MEMORY_GIB = 4, 4  # the demo with both environments takes 2.5 GiB of disk and about 3 GiB of memory


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python 3.11 o 3.12", (3, 11) <= sys.version_info[:2] < (3, 13), version, "instale python3.12 y ejecute `make clean setup`")


def _superset() -> Check:
    venv = Path(os.environ.get("CAUDAL_SUPERSET_VENV", settings().root / ".venvs" / "superset"))
    return Check("Entorno de Superset", (venv / "bin" / "superset").exists(), str(venv), "ejecute `make setup`")


def _tools() -> Check:
    missing = [name for name in ("dbt", "airflow") if not (Path(sys.prefix) / "bin" / name).exists()]
    return Check("dbt y Airflow", not missing, sys.prefix if not missing else f"falta {', '.join(missing)}", "ejecute `make setup`")


def _postgres() -> Check:
    from caudal.postgres import PostgresError, find_binaries

    if settings().external_warehouse is not None:
        return Check("PostgreSQL", True, "externo (CAUDAL_WAREHOUSE_URL)")
    try:
        return Check("PostgreSQL", True, str(find_binaries()))
    except PostgresError as error:
        return Check("PostgreSQL", False, "no se encontró", str(error))


def _warehouse() -> Check:
    from caudal import warehouse
    from caudal.postgres import PostgresError

    try:
        with warehouse.connect() as conn:
            version = conn.execute("show server_version").fetchone()[0]
        return Check("El almacén responde", True, f"PostgreSQL {version}", needed=False)
    except (warehouse.WarehouseUnavailable, PostgresError) as error:
        return Check("El almacén responde", False, str(error)[:120], "ejecute `make demo` o `caudal postgres start`", needed=False)


def _disk() -> Check:
    folder = next(p for p in [settings().home, *settings().home.parents] if p.exists())
    free = shutil.disk_usage(folder).free / GIB
    return Check("Disco libre", free >= DISK_GIB, f"{free:.1f} GiB", f"libere espacio: hacen falta {DISK_GIB} GiB")


def _memory() -> Check:
    total = psutil.virtual_memory().available / GIB
    return Check("Memoria disponible", total >= MEMORY_GIB, f"{total:.1f} GiB", f"cierre programas: hacen falta {MEMORY_GIB} GiB")


def _chromium() -> Check:
    path = shutil.which("chromium")
    return Check("Chromium (sólo para las pruebas)", path is not None, path or "no se encontró", "sudo apt-get install chromium", needed=False)


CHECKS: tuple[Callable[[], Check], ...] = (_python, _tools, _superset, _postgres, _disk, _memory, _warehouse, _chromium)


def examine() -> list[Check]:
    """Every check, in order. Changes nothing."""
    return [*(check() for check in CHECKS), *source()]


@app.callback(invoke_without_command=True)
def main() -> None:
    """Dice qué falta en esta máquina y cómo conseguirlo. Termina con 1 si falta algo sin lo cual la demo no funciona."""
    table = Table("", *(Column(title, overflow="fold") for title in ("Qué", "Encontrado", "Qué hacer")))
    results = examine()
    for check in results:
        mark = "[green]✔[/]" if check.ok else "[red]✘[/]" if check.needed else "[yellow]–[/]"
        table.add_row(mark, check.name, escape(check.found), "" if check.ok else escape(check.remedy))
    Console().print(table)
    raise typer.Exit(int(any(check.needed and not check.ok for check in results)))
