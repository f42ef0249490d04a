"""Runs the reports of one month: reads, checks, renders, stores, and records each as a run in `ops.run`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import ModuleType

from psycopg import Connection

import reports
from caudal import runlog, warehouse
from caudal.semantic import SemanticError
from caudal.settings import settings
from reports import archive, period, status
from reports.archive import Output, ReportFile
from reports.errors import DataChanged, PeriodError, ReportError
from reports.status import DataStatus

ATTEMPTS = 3  # a build that is published between two of our queries: read again


def generate(month: date | None, only: Sequence[str] | None, root: Path | None) -> list[ReportFile]:
    """See `reports.generate`."""
    names = list(only or reports.REPORTS)
    for name in names:
        if name not in reports.REPORTS:
            raise ReportError(f"No existe el reporte «{name}». Los que hay: {', '.join(reports.REPORTS)}.")
    chosen = period.closed(month, settings().today)
    target = Path(root) if root else settings().home / "reports"
    made: list[ReportFile] = []
    failures: dict[str, ReportError | SemanticError] = {}
    for name in names:
        try:
            made += _one(name, chosen, target)
        except (ReportError, SemanticError) as error:  # the others are still worth having
            failures[str(error)] = error
    if failures:
        raise next(iter(failures.values())) if len(failures) == 1 else ReportError("\n".join(failures))
    return made


def _one(name: str, month: date, root: Path) -> list[ReportFile]:
    module = importlib.import_module(f"reports.{name}")
    with runlog.run("reports", name) as record:
        output, now = steady(module, month)
        with warehouse.connect("load") as conn:  # one transaction: rows of the files and of the quarantine together
            files = archive.store(conn, root, name, month, output.documents, now)
            if output.register:
                output.register(conn, record.run_id)
        record.rows_read, record.rows_quarantined = output.rows_read, output.rows_quarantined
        record.rows_inserted = sum(file.is_new for file in files)
        record.details = {"period": f"{month:%Y-%m}", "files": [file.path.name for file in files], "build_id": now.build_id}
    return files


def steady(module: ModuleType, month: date) -> tuple[Output, DataStatus]:
    """What the report makes of one published build: read again when another build is published meanwhile.

    The swap renames schemas, which a transaction's snapshot does not hide, so the build's number is compared instead.
    """
    for _ in range(ATTEMPTS):
        with warehouse.connect("read", autocommit=True) as conn:
            before = status.read(conn)
            require_month(conn, month)
        with warehouse.connect(module.ROLE, autocommit=True) as conn:
            output = module.produce(conn, month, before)
            if status.read(conn) == before:
                return output, before
    raise DataChanged("Se publicaron datos nuevos mientras se leía el reporte, varias veces seguidas. Vuelva a intentarlo en unos minutos.")


def require_month(conn: Connection, month: date) -> None:
    """Raises PeriodError unless the published marts hold `month`."""
    first, last, found = conn.execute(
        "select min(period_month), max(period_month), coalesce(bool_or(period_month = %s), false) from marts.mart_commercial__month", [month]
    ).fetchone()
    if first is None:
        raise PeriodError("El almacén no tiene ningún mes cerrado publicado.")
    if not found:
        raise PeriodError(f"El almacén no tiene datos de {period.name(month)}: van de {period.name(first)} a {period.name(last)}.")
