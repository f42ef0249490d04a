"""How much slower replication is than reading the same pages with odoorpc and throwing them away: median of ratios, A B A B …

A: one odoorpc client, `search_read(load=None)` by key, 2,000 rows a page, the mapped fields.  B: `replicate(clients=1)` into
empty raw tables, with everything it does besides (checks, COPY, upsert, reconciliation, commit).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import odoorpc
import psycopg
import typer
from psycopg import sql
from rich.console import Console
from rich.table import Table

from caudal import warehouse
from caudal.settings import ROOT, settings
from demo.odoo.server import StandIn
from sources.contract import Entity
from sources.odoo import mapping
from sources.odoo.paging import PAGE_ROWS
from sources.replicate import replicate
from sources.tables import qualified

TARGET, JUDGED = 1.10, "demo"  # at size tiny the fixed work of 24 entities outweighs their pages
ARTIFACTS = ROOT / "build-artifacts"


def bare(server: StandIn, entities: list[Entity]) -> int:
    """The baseline. Returns how many rows came."""
    odoo = odoorpc.ODOO(server.host, port=server.port)
    odoo.login(server.db, server.user, server.password)
    rows = 0
    for entity in entities:
        last = 0
        while True:
            page = odoo.execute_kw(entity.model, "search_read", [[("id", ">", last)]], {
                "fields": entity.fields, "limit": PAGE_ROWS, "order": "id", "load": None, "context": {"active_test": False}})
            rows += len(page)
            if len(page) < PAGE_ROWS:
                break
            last = page[-1]["id"]
    return rows


def replicated(entities: list[Entity], clients: int = 1) -> int:
    """What is measured. Returns how many rows were read. Raises RuntimeError when an entity failed or does not reconcile."""
    results = replicate([entity.name for entity in entities], clients=clients)
    wrong = [r for r in results if r.status != "ok" or r.reconciliation != "ok"]
    if wrong:
        raise RuntimeError(f"{wrong[0].entity}: {wrong[0].error or wrong[0].warnings}")
    return sum(r.rows_read for r in results)


def empty(entities: list[Entity]) -> None:
    """Forget what earlier rounds loaded."""
    with warehouse.connect("load") as conn:
        for entity in entities:
            conn.execute(sql.SQL("drop table if exists {}").format(qualified(entity)))
        conn.execute("delete from ops.watermark")
    with warehouse.connect("owner", autocommit=True) as conn:
        conn.execute("checkpoint")  # the writing out of one round is not charged to the next


def timed(work: Callable[[], int]) -> tuple[float, int]:
    started = time.perf_counter()
    rows = work()
    return time.perf_counter() - started, rows


def source(size: str, database: str | None) -> str:
    """DSN of the source database; the utility of that size is generated the first time."""
    import demo

    name = database or f"odoo_bench_{size}"
    warehouse.ensure_database(name)
    dsn = settings().warehouse_url("owner", name)
    with psycopg.connect(dsn) as conn:
        there = conn.execute("select to_regclass('public.account_move')").fetchone()[0]
    if there is None:
        demo.generate(dsn, size=size)
    return dsn


def main(
    size: Annotated[str, typer.Option(help="tiny or demo")] = "tiny",
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    entity: Annotated[list[str] | None, typer.Option(help="only these; default: all of the mapping")] = None,
    clients: Annotated[list[int] | None, typer.Option(help="also time a first load with so many clients, once each")] = None,
    latency: Annotated[float, typer.Option(min=0, help="seconds the stand-in waits on each request: a real Odoo is slower than it")] = 0,
    database: Annotated[str | None, typer.Option(help="an existing source database on this home's server")] = None,
) -> None:
    """Example: python -m benchmarks.replication --size demo --rounds 5 --clients 2"""
    os.environ["CAUDAL_HOME"] = str((Path(os.environ.get("CAUDAL_HOME", ROOT / ".caudal")) / "bench").resolve())
    settings.cache_clear()
    warehouse.bootstrap()
    entities = mapping.select(mapping.load(mapping.path_of("demo")), entity)
    console = Console()
    with StandIn(source(size, database), workers=2, latency_s=latency) as server:
        os.environ.update(ODOO_URL=server.url, ODOO_DB=server.db, ODOO_USER=server.user, ODOO_PASSWORD=server.password)
        settings.cache_clear()
        bare(server, entities)  # fills the caches of the source; not counted
        pairs = []
        for number in range(rounds):
            a, rows = timed(lambda: bare(server, entities))
            empty(entities)
            b, read = timed(lambda: replicated(entities))
            if rows != read:
                raise RuntimeError(f"The two did not read the same: {rows} and {read} rows.")
            pairs.append((a, b))
            console.print(f"round {number + 1}: bare {a:.2f} s, replication {b:.2f} s, ratio {b / a:.3f}")
        parallel = {}
        for count in clients or []:
            empty(entities)
            parallel[count] = timed(lambda count=count: replicated(entities, count))[0]
    ratio = statistics.median(b / a for a, b in pairs)
    report = {
        "size": size, "latency_s": latency, "entities": [e.name for e in entities], "rows": rows, "page_rows": PAGE_ROWS,
        "rounds": pairs, "median_ratio": ratio,
        "target": TARGET, "bare_rows_s": rows / statistics.median(a for a, _ in pairs), "seconds_by_clients": parallel,
        "cpus": os.cpu_count(), "python": platform.python_version(),
    }
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / f"replication-{size}{'-paced' if latency else ''}.json").write_text(json.dumps(report, indent=2) + "\n")
    console.print(_table(report))
    if size == JUDGED and ratio > TARGET:
        raise typer.Exit(1)


def _table(report: dict) -> Table:
    rows = report["rows"]
    table = Table(title=f"Replication, size {report['size']}: {rows:,} rows, {len(report['entities'])} entities, "
                        f"{report['latency_s']} s of latency a request")
    for name in ("path", "median s", "rows/s"):
        table.add_column(name, justify="left" if name == "path" else "right")
    medians = [statistics.median(pair[i] for pair in report["rounds"]) for i in (0, 1)]
    lines = [("A bare odoorpc loop", medians[0]), ("B caudal replicate, 1 client", medians[1])]
    lines += [(f"  caudal replicate, {n} clients", s) for n, s in report["seconds_by_clients"].items()]
    for name, seconds in lines:
        table.add_row(name, f"{seconds:.2f}", f"{rows / seconds:,.0f}")
    target = f" (target ≤ {report['target']:.2f})" if report["size"] == JUDGED else ""
    table.caption = f"median of B / A: {report['median_ratio']:.3f}{target}"
    return table


if __name__ == "__main__":
    typer.run(main)
