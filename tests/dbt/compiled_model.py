"""The SQL of a dbt model in its whole form (not the incremental one), run over rows that a test makes up.

A model's inputs become tables of the same name in a schema of the test's own, so what runs is the model itself, on a real PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from caudal import warehouse
from caudal.dbt_run import compiled


class Bench:
    """A schema with the inputs of some models, empty; `run` gives a model's rows for the rows put in."""

    def __init__(self, conn: psycopg.Connection, schema: str, models: Mapping[str, str]) -> None:
        self.conn, self.schema = conn, schema
        self.code: dict[str, str] = {}
        inputs: set[tuple[str, str]] = set()
        for model, code in models.items():
            inputs |= set(re.findall(r'"caudal"\."(\w+)"\."(\w+)"', code))
            self.code[model] = re.sub(r'"caudal"\."\w+"\.', f'"{schema}".', code)
        for source, table in sorted(inputs):
            source = "marts" if source == "marts_next" else source
            conn.execute(sql.SQL("create table if not exists {} (like {})").format(sql.Identifier(schema, table), sql.Identifier(source, table)))
            # a test gives the columns that matter
            for (column,) in conn.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and attnotnull",
                                          [f'"{schema}"."{table}"']).fetchall():
                conn.execute(sql.SQL("alter table {} alter column {} drop not null").format(sql.Identifier(schema, table), sql.Identifier(column)))
        self.tables = {table for _, table in inputs}

    def put(self, **rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace the rows of every input: those named get these, the others none."""
        self.conn.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(sql.Identifier(self.schema, t) for t in sorted(self.tables))))
        for table, values in rows.items():
            for row in values:
                self.conn.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        sql.Identifier(self.schema, table), sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))),
                    list(row.values()))

    def run(self, model: str, into: bool = False) -> list[dict[str, Any]]:
        """The model's rows. `into`: also leave them as a table, for a model that reads it."""
        cursor = self.conn.cursor(row_factory=psycopg.rows.dict_row)
        rows = cursor.execute(self.code[model].encode()).fetchall()
        if into:
            self.conn.execute(sql.SQL("truncate {}").format(sql.Identifier(self.schema, model)))
            self.conn.execute(sql.SQL("insert into {0} ({1}) select {1} from ({2}) as model").format(
                sql.Identifier(self.schema, model), sql.SQL(", ").join(sql.Identifier(c.name) for c in cursor.description), sql.SQL(self.code[model])))
        return rows


@contextmanager
def bench(schema: str, *models: str) -> Iterator[Bench]:
    """A `Bench` for these models; everything it made is rolled back."""
    nodes = compiled(*models)["nodes"]
    code = {model: nodes[f"model.caudal.{model}"]["compiled_code"] for model in models}
    with warehouse.connect() as conn:
        conn.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        try:
            yield Bench(conn, schema, code)
        finally:
            conn.rollback()
