"""A laboratory for replication: its own copy of the tiny source, its own warehouse database and its own stand-in, for each module.

The databases live on the session's server, made from templates, so that tests may change anything and leave nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

SOURCE, SOURCE_TEMPLATE = "lab_source", "lab_source_template"
WAREHOUSE, WAREHOUSE_TEMPLATE = "lab_warehouse", "lab_warehouse_template"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Lab:
    """The source, its stand-in and the warehouse of one module of tests."""

    server: Any
    source_dsn: str
    warehouse_dsn: str
    processes: list[subprocess.Popen] = field(default_factory=list)

    def source(self, query: str, params: Any = None) -> list[tuple]:
        """Run SQL in the source database, behind Odoo's back, and commit."""
        return _run(self.source_dsn, query, params)

    def warehouse(self, query: str, params: Any = None) -> list[tuple]:
        """Run SQL in the warehouse as its owner."""
        return _run(self.warehouse_dsn, query, params)

    def replicate(self, *entities: str, **options: Any) -> dict[str, Any]:
        """Replicate, in this process; the results by entity."""
        from sources.replicate import replicate

        return {r.entity: r for r in replicate(list(entities) or None, **options)}

    def one(self, entity: str, **options: Any) -> Any:
        """Replicate one entity that must come out well."""
        result = self.replicate(entity, **options)[entity]
        assert result.status == "ok", result.error
        return result

    def touch(self, table: str, ids: list[int], change: str, minutes: float = 5) -> None:
        """Change rows as Odoo would: with a write_date some minutes after (or before) the latest of the table."""
        self.source(f"update {table} set {change}, write_date = (select max(write_date) from {table}) + %s * interval '1 minute' "
                    "where id = any(%s)", [minutes, ids])

    def versions(self, table: str) -> dict[int, tuple]:
        """id → physical version and content: a rewritten row differs."""
        return {row[0]: row[1:] for row in self.warehouse(f"select id, xmin::text, ctid::text, _run_id, r::text from raw.{table} as r")}

    def command(self, *arguments: str, debug: bool = False, **environment: str) -> subprocess.Popen:
        """Start `caudal replicate …` as a process, optionally with every logger at DEBUG on standard error."""
        code = "import sys; from caudal.cli import app; app()"
        if debug:
            code = "import logging; logging.basicConfig(level=1); logging.debug('the logs are on'); " + code
        process = subprocess.Popen(
            [sys.executable, "-c", code, "replicate", *arguments], cwd=ROOT, env={**os.environ, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.processes.append(process)
        return process


def _run(dsn: str, query: str, params: Any = None) -> list[tuple]:
    with psycopg.connect(dsn) as conn:
        conn.execute("set timezone = 'UTC'")
        cursor = conn.execute(query, params)
        return cursor.fetchall() if cursor.description else []


def _copy_database(admin: psycopg.Connection, name: str, template: str) -> None:
    admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template)))


@pytest.fixture(scope="session")
def _templates(home: Path) -> Iterator[tuple[psycopg.Connection, str, str]]:
    """The tiny source and a bootstrapped warehouse that has replicated it once, both at rest."""
    import demo
    from caudal import warehouse
    from caudal.settings import settings

    source, target = settings().warehouse_url("owner", SOURCE), settings().warehouse_url("owner", WAREHOUSE)
    with warehouse.connect(dbname="postgres", autocommit=True) as admin:
        for name in (SOURCE, WAREHOUSE):
            _copy_database(admin, name, "template0")
        demo.generate(source, size="tiny")
        with _environment(source, target):
            warehouse.bootstrap()
            admin.execute(f"create database {SOURCE_TEMPLATE} template {SOURCE}")
            with _stand_in(source) as server:
                results = Lab(server, source, target).replicate()
        assert all(r.status == "ok" and r.reconciliation == "ok" for r in results.values()), results
        admin.execute(f"create database {WAREHOUSE_TEMPLATE} template {WAREHOUSE}")
        yield admin, source, target
        for name in (SOURCE, WAREHOUSE, SOURCE_TEMPLATE, WAREHOUSE_TEMPLATE):
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


class _environment:
    """The settings pointed at the laboratory for the length of a block."""

    def __init__(self, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.patch = pytest.MonkeyPatch()

    def __enter__(self) -> None:
        from caudal.settings import settings

        self.patch.setenv("CAUDAL_WAREHOUSE_URL", self.target)
        settings.cache_clear()

    def __exit__(self, *exc: object) -> None:
        from caudal.settings import settings

        self.patch.undo()
        settings.cache_clear()


class _stand_in:
    """A stand-in over the source, the settings pointing at it."""

    def __init__(self, source: str) -> None:
        from demo.odoo.server import StandIn

        self.server = StandIn(source, workers=2, password="s3creta-del-laboratorio")
        self.patch = pytest.MonkeyPatch()

    def __enter__(self) -> Any:
        from caudal.settings import settings

        server = self.server.start()
        for name, value in {"ODOO_URL": server.url, "ODOO_DB": server.db, "ODOO_USER": server.user, "ODOO_PASSWORD": server.password}.items():
            self.patch.setenv(name, value)
        settings.cache_clear()
        return server

    def __exit__(self, *exc: object) -> None:
        from caudal.settings import settings

        self.server.stop()
        self.patch.undo()
        settings.cache_clear()


@pytest.fixture(scope="module")
def module_lab(_templates: tuple[psycopg.Connection, str, str]) -> Iterator[Lab]:
    """A laboratory where everything was replicated once and nothing has changed since."""
    admin, source, target = _templates
    _copy_database(admin, SOURCE, SOURCE_TEMPLATE)
    _copy_database(admin, WAREHOUSE, WAREHOUSE_TEMPLATE)
    with _environment(source, target), _stand_in(source) as server:
        lab = Lab(server, source, target)
        yield lab
        for process in lab.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def lab(module_lab: Lab) -> Iterator[Lab]:
    """The module's laboratory, Odoo in good health. The tests of a module that change the same entity allow for each other."""
    yield module_lab
    module_lab.server.knobs.reset()
