"""pandas: `read_sql(chunksize=…)` → `to_sql`, by COPY (the callable of pandas' documentation) and by multi-row INSERT. Run by `job.py`."""

from __future__ import annotations

import csv
import importlib.metadata
import io
from collections.abc import Iterable
from typing import Any

import pandas as pd
from sqlalchemy import Connection, create_engine, text, types
from sqlalchemy.dialects import postgresql

from benchmarks.replication.entities import entities
from demo.odoo import schema
from sources.contract import Entity

CHUNK_ROWS = {"copy": 10_000, "multi": 200}  # the best of those tried; larger ones cost more in both
TYPES: dict[str, Any] = {
    "id": types.BigInteger(), "many2one": types.BigInteger(), "integer": types.BigInteger(), "text": types.Text(), "boolean": types.Boolean(),
    "date": types.Date(), "datetime": postgresql.TIMESTAMP(timezone=True), "money": types.Numeric(18, 2), "quantity": types.Numeric(18, 3),
    "coordinate": types.Numeric(9, 6),
}


def load(names: list[str], source: str, target: str, method: str, first: bool) -> dict[str, Any]:
    """`first`: every row into a new table, its key added at the end; else the rows changed since the last one, through a second table."""
    rows = 0
    reader = create_engine(source.replace("postgresql://", "postgresql+psycopg2://"))
    writer = create_engine(target.replace("postgresql://", "postgresql+psycopg2://"))
    into = f"pandas_{method}"
    with reader.connect().execution_options(stream_results=True) as read, writer.begin() as write:
        write.execute(text(f"create schema if not exists {into}"))
        for entity in entities(names):
            rows += _first(read, write, entity, into, method) if first else _changed(read, write, entity, into, method)
    return {"rows": rows, "version": importlib.metadata.version("pandas")}


def _first(read: Connection, write: Connection, entity: Entity, into: str, method: str) -> int:
    rows = _copied(read, write, entity, into, entity.table, method, "")
    write.execute(text(f"alter table {into}.{entity.table} add primary key ({entity.key})"))
    return rows


def _changed(read: Connection, write: Connection, entity: Entity, into: str, method: str) -> int:
    """What people write by hand around to_sql: a staging table and an upsert."""
    since = write.execute(text(f"select max({entity.change}) from {into}.{entity.table}")).scalar()
    rows = _copied(read, write, entity, into, f"{entity.table}_new", method, f"where {entity.change} > '{since:%Y-%m-%d %H:%M:%S.%f}'")
    names = ", ".join(c.name for c in entity.read)
    sets = ", ".join(f"{c.name} = excluded.{c.name}" for c in entity.read if c.name != entity.key)
    write.execute(text(f"insert into {into}.{entity.table} ({names}) select {names} from {into}.{entity.table}_new "
                       f"on conflict ({entity.key}) do update set {sets}"))
    write.execute(text(f"drop table {into}.{entity.table}_new"))
    return rows


def _copied(read: Connection, write: Connection, entity: Entity, into: str, table: str, method: str, where: str) -> int:
    columns = ", ".join(f"{c.source} as {c.name}" for c in entity.read)
    query = text(f"select {columns} from {schema.models()[entity.model].table} {where}")
    options = {"schema": into, "index": False, "dtype": {c.name: TYPES[c.type] for c in entity.read},
               "method": _copy if method == "copy" else "multi"}
    rows = 0
    # without coerce_float money stays Decimal; dtype_backend keeps integers that may be NULL from becoming floats
    for frame in pd.read_sql(query, read, chunksize=CHUNK_ROWS[method], coerce_float=False, dtype_backend="numpy_nullable"):
        frame.to_sql(table, write, if_exists="append" if rows else "replace", **options)
        rows += len(frame)
    if not rows:  # nothing changed: the table must be there all the same
        frame.to_sql(table, write, if_exists="replace", **options)
    return rows


def _copy(table: Any, connection: Connection, keys: list[str], rows: Iterable[tuple]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    buffer.seek(0)
    columns = ", ".join(f'"{key}"' for key in keys)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"copy {table.schema}.{table.name} ({columns}) from stdin with (format csv)", buffer)
