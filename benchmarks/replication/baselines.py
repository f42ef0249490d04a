"""What replication is measured against: PostgreSQL's own `COPY | COPY`, and a bare odoorpc loop."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import odoorpc
import psycopg
from psycopg import sql

from benchmarks.replication.entities import entities
from benchmarks.replication.job import Outcome, WorkFailed, cpu_seconds
from benchmarks.replication.memory import PeakMemory
from caudal.postgres import find_binaries
from demo.odoo import schema
from sources.contract import Entity
from sources.odoo.paging import PAGE_ROWS

BARE = "bare"  # schema of the tables of COPY | COPY


def copy_pipe(source: str, target: str, wanted: Sequence[Entity]) -> Outcome:
    """`psql COPY (select …) TO STDOUT | psql COPY … FROM STDIN` for each entity, all of them at once. Raises WorkFailed."""
    started, cpu = time.perf_counter(), cpu_seconds()
    pairs = []
    for entity in wanted:
        read = _psql(source, _copy_out(entity), stdout=subprocess.PIPE)
        write = _psql(target, _copy_in(entity), stdin=read.stdout)
        read.stdout.close()
        pairs += [read, write]
    with PeakMemory(*(p.pid for p in pairs)) as memory:
        codes = [p.wait() for p in pairs]
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    if any(codes):
        raise WorkFailed(f"psql ended with {codes}")
    with psycopg.connect(target) as conn:
        rows = sum(conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(BARE, e.table))).fetchone()[0] for e in wanted)
    return Outcome(seconds, seconds, cpu, memory.peak_mb, rows)


def _copy_out(entity: Entity) -> str:
    table = schema.models()[entity.model].table
    columns = sql.SQL(", ").join(sql.Identifier(c.source) for c in entity.read)
    return sql.SQL("copy (select {} from {}) to stdout").format(columns, sql.Identifier(table)).as_string()


def _copy_in(entity: Entity) -> str:
    names = sql.SQL(", ").join(sql.Identifier(c.name) for c in entity.read)
    return sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(BARE, entity.table), names).as_string()


def _psql(dsn: str, command: str, **pipes: Any) -> subprocess.Popen[bytes]:
    parts = urlsplit(dsn)
    address = f"postgresql://{parts.username}@{parts.hostname}:{parts.port}{parts.path}"  # the password does not show in `ps`
    return subprocess.Popen(
        [str(find_binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address, "-c", command],
        env={**os.environ, "PGPASSWORD": unquote(parts.password or "")}, **({"stdin": subprocess.DEVNULL} | pipes))


def odoorpc_loop(names: list[str] | None, host: str, port: int, db: str, user: str, password: str) -> dict[str, Any]:
    """One odoorpc client, `search_read(load=None)` by key, 2,000 rows a page, the mapped fields; the rows are thrown away. Run by `job.py`."""
    odoo = odoorpc.ODOO(host, port=port)
    odoo.login(db, user, password)
    rows = 0
    for entity in entities(names):
        last = 0
        while True:
            page = odoo.execute_kw(entity.model, "search_read", [[*entity.domain, ("id", ">", last)]], {
                "fields": entity.fields, "limit": PAGE_ROWS, "order": "id", "load": None, "context": {"active_test": False, **entity.context}})
            rows += len(page)
            if len(page) < PAGE_ROWS:
                break
            last = page[-1]["id"]
    return {"rows": rows}
