"""`caudal doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import typer
from rich.console import Console
from rich.table import Table

from caudal.settings import settings

app = typer.Typer(help=f"{__doc__} Ejemplo: caudal doctor")
GIB = 2**30
DISK_GIB, MEMORY_GIB = 4, 4  # the demo with both environments takes 2.5 GiB of disk and about 3 GiB of memory


class Check(NamedTuple):
    """One thing looked at. `needed`: without it `make demo` (or the tests, where the name says so) cannot work."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True


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


def _odoo() -> Check:
    url = settings().odoo_url
    if not url:
        return Check("Odoo configurado", False, "ODOO_URL no está definida", "la demo la define sola; en producción vea docs/operations.md", needed=False)
    import requests

    try:
        reply = requests.post(
            f"{url.rstrip('/')}/jsonrpc", timeout=10,
            json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "common", "method": "version", "args": []}},
        )
        version = reply.json()["result"]["server_version"]
        return Check("Odoo responde", True, f"{url} (versión {version})", needed=False)
    except (requests.RequestException, ValueError, KeyError) as error:
        return Check("Odoo responde", False, f"{url}: {type(error).__name__}", "revise ODOO_URL y que el servicio esté encendido", needed=False)


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


CHECKS: tuple[Callable[[], Check], ...] = (_python, _tools, _superset, _postgres, _disk, _memory, _warehouse, _odoo, _chromium)


def examine() -> list[Check]:
    """Every check, in order. Changes nothing."""
    return [check() for check in CHECKS]


@app.callback(invoke_without_command=True)
def main() -> None:
    """Dice qué falta en esta máquina y cómo conseguirlo. Termina con 1 si falta algo sin lo cual la demo no funciona."""
    table = Table("", "Qué", "Encontrado", "Qué hacer")
    results = examine()
    for check in results:
        mark = "[green]✔[/]" if check.ok else "[red]✘[/]" if check.needed else "[yellow]–[/]"
        table.add_row(mark, check.name, check.found, "" if check.ok else check.remedy)
    Console().print(table)
    raise typer.Exit(int(any(check.needed and not check.ok for check in results)))
