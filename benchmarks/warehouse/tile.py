"""The tile: a small synthetic utility (`demo/utility`), whole, replicated into the raw tables as `caudal replicate` does it.

`dataset.py` lays it side by side until the utility has the size that was asked. What holds in the tile (money adds up, residuals are what was
not applied) holds in the whole.
"""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
from psycopg import sql

import demo
from caudal import warehouse
from caudal.settings import settings
from geo.cadastre import load_cadastre
from geo.locate import locate
from geo.streets import load_streets
from sources.replicate import replicate
from sources.telemetry import load as load_telemetry

SOURCE = "bench_tile"


def load(contracts: int, months: int) -> None:
    """Fill `raw` and `ops` of the warehouse of `settings()` with a utility of that size; its Odoo is thrown away. RuntimeError when a load failed."""
    size, home = f"{contracts}x{months}", Path(settings().home)
    dsn = settings().warehouse_url("owner", SOURCE)
    warehouse.ensure_database(SOURCE)
    demo.generate(dsn, size=size, progress=False)
    os.environ.update(ODOO_TRANSPORT="sql", ODOO_SQL_URL=dsn, ODOO_DB=SOURCE)
    settings.cache_clear()
    failed = [result for result in replicate() if result.status != "ok"]
    if failed:
        raise RuntimeError(f"{failed[0].entity}: {failed[0].error}")
    load_cadastre(demo.write_cadastre(home / "cadastre.geojson", size=size))
    load_streets(demo.write_streets(home / "calles.geojson"))
    locate()
    load_telemetry(demo.write_telemetry(home / "telemetria", size=size).folder)
    with psycopg.connect(settings().warehouse_url("owner"), autocommit=True) as conn:
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(SOURCE)))
