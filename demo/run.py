"""`caudal up`: the whole line on the synthetic utility, from an Odoo of its own to the dashboard. What `make demo` calls.

Every step looks first whether its work is done, so a second call is quick and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from caudal import warehouse
from caudal.settings import ROOT, settings, site_env_file

app = typer.Typer(help=f"{__doc__} Ejemplo: caudal up --size tiny")
console = Console(highlight=False, soft_wrap=True)

TODAY = "2026-11-15"  # the day after which the synthetic utility knows nothing
RNC = "430000019"  # the synthetic utility's own, with a valid check digit
PARTS = ("caudal", "sources", "dags", "dbt", "geo", "superset_assets", "alerts", "reports", "powerbi", "demo", "uv.lock")
IGNORED = {"__pycache__", "target", "logs", "dbt_packages", ".user.yml"}


@contextmanager
def step(title: str):
    """Say what is being done and how long it took."""
    console.print(f"[bold cyan]▸[/] {title} …")
    started = time.monotonic()
    yield
    console.print(f"  [green]✔[/] {title} ({time.monotonic() - started:.0f} s)")


def fingerprint(size: str) -> str:
    """Changes when the code, the models, the assets or the size do."""
    digest = hashlib.sha256(size.encode())
    for part in PARTS:
        path = ROOT / part
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and not IGNORED & set(p.parts)):
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


class Marks:
    """What earlier calls finished: `<home>/demo.json`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def done(self, name: str, value: str) -> bool:
        return self.values.get(name) == value

    def set(self, name: str, value: str) -> None:
        self.values[name] = value
        draft = self.path.with_suffix(".tmp")
        draft.write_text(json.dumps(self.values, indent=1, sort_keys=True))
        draft.replace(self.path)


def _once(marks: Marks, name: str, value: str, title: str, work: Callable[[], object]) -> bool:
    if marks.done(name, value):
        return False
    with step(title):
        work()
    marks.set(name, value)
    return True


def start_source(size: str, marks: Marks) -> None:
    """The source database, the cadastre file, the stand-in of Odoo, and the settings that point at them."""
    import demo
    from caudal import docs
    from demo.odoo import server

    dsn = server.source_dsn()
    cadastre, streets, telemetry = (settings().home / name for name in ("catastro.geojson", "calles.geojson", "telemetria"))

    def generate() -> None:
        warehouse.ensure_database(server.SOURCE_DATABASE)
        demo.generate(dsn, size=size)
        demo.write_cadastre(cadastre, size=size)
        demo.write_streets(streets)
        demo.write_bank_file(dsn, settings().home / "banco" / "recaudo_2026-10.csv")
        demo.write_telemetry(telemetry, size=size)

    _once(marks, "source", size, f"Empresa sintética de Moca, tamaño {size}", generate)
    odoo = server.service()
    if not odoo.is_running():
        with step("Sustituto de Odoo"):
            odoo.start()
    environment = {**server.environment(), "CAUDAL_TODAY": TODAY, "CAUDAL_RNC": RNC, "CAUDAL_CADASTRE": str(cadastre), "CAUDAL_STREETS": str(streets),
                   "CAUDAL_TELEMETRY_DIR": str(telemetry), "CAUDAL_DOCS_URL": docs.url()}
    write_site_env(environment)


def write_site_env(environment: dict[str, str]) -> None:
    """Write `<home>/site.env` (mode 600) and take its values into this process."""
    path = site_env_file()
    text = "# written by `caudal up`: the environment of the demo. In production write your own (docs/operations.md).\n"
    text += "".join(f"{key}='{value}'\n" for key, value in sorted(environment.items()))
    if not path.exists() or path.read_text() != text:
        path.touch(mode=0o600)
        path.write_text(text)
    settings.cache_clear()


def run_line(size: str, marks: Marks, again: bool) -> None:
    """Superset up, then one run of the Airflow chain: replicate → build → publish, alerts, reports, Power BI."""
    from caudal import airflow
    from superset_assets import server as superset

    def tell(text: str) -> None:
        console.print(f"    {text}", markup=False)

    def line() -> None:
        airflow.run_once(log=tell)

    with step("Superset"):
        superset.start(tell)
    current = fingerprint(size)
    if again:
        marks.values.pop("line", None)
    _once(marks, "line", current, "Airflow: replicar → construir → probar → publicar → alertas → reportes → Power BI", line)


@app.callback(invoke_without_command=True)
def up(
    size: str = typer.Option("demo", help="tiny (200 contratos, 14 meses) o demo (5,000 × 36)"),
    again: bool = typer.Option(False, "--again", help="ejecutar de nuevo la cadena aunque nada haya cambiado"),
) -> None:
    """Levanta todo de principio a fin y termina con Superset sirviendo en esta máquina."""
    try:
        _up(size, again)
    except RuntimeError as error:  # a part that could not do its work says why and what to do; a traceback would hide it
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


def _up(size: str, again: bool) -> None:
    started = time.monotonic()
    with step("PostgreSQL"):
        settings().home.mkdir(parents=True, exist_ok=True)
        warehouse.bootstrap()
    marks = Marks(settings().home / "demo.json")
    start_source(size, marks)
    run_line(size, marks, again)
    from caudal import docs
    from demo.summary import print_summary

    _once(marks, "docs", fingerprint(size), "Documentación", docs.build)
    address = docs.start()
    print_summary(console, time.monotonic() - started)
    console.print(f"Modelos y linaje: {address}   Indicadores: {address}indicadores.html")
