"""Where it is measured: a source server and a warehouse server of this benchmark's own, under `<CAUDAL_HOME>/bench`, both embedded and alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

import demo
from benchmarks.replication import dataset
from benchmarks.replication.baselines import BARE
from caudal import warehouse
from caudal.postgres import EmbeddedPostgres
from caudal.settings import ROOT, settings
from sources.contract import Entity
from sources.tables import columns_ddl, qualified


@dataclass(frozen=True)
class Lab:
    """Two servers. The warehouse is that of `settings()`; the source has a database for each size."""

    source: EmbeddedPostgres
    warehouse_home: Path

    def dsn(self, database: str) -> str:
        """A database of the source server."""
        return self.source.url(dbname=database)

    def reference(self, lines: int) -> str:
        """The name of the source database with `lines` lines; made the first time."""
        return self._ensure(dataset.database_of(lines), str(lines), lambda dsn: dataset.generate(dsn, lines))

    def utility(self, size: str) -> str:
        """The name of the source database with the synthetic utility of that size; generated the first time."""
        return self._ensure(f"odoo_utility_{size}", size, lambda dsn: demo.generate(dsn, size=size, progress=False))

    def _ensure(self, name: str, what: str, write: Callable[[str], object]) -> str:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as conn:
            if conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
                conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        dataset.ensure(self.dsn(name), what, write)
        return name

    @contextmanager
    def clone(self, database: str) -> Iterator[str]:
        """A copy of a source database, to be changed and thrown away."""
        copy = f"{database}_clone"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as conn:
            drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(copy))
            conn.execute(drop)
            conn.execute(sql.SQL("create database {} template {} strategy file_copy").format(sql.Identifier(copy), sql.Identifier(database)))
            try:
                yield copy
            finally:
                conn.execute(drop)

    def environment(self, database: str, transport: str = "sql") -> dict[str, str]:
        """What a replication needs in its environment to read that source database."""
        return {"CAUDAL_HOME": str(self.warehouse_home), "ODOO_TRANSPORT": transport, "ODOO_SQL_URL": self.dsn(database), "ODOO_DB": database}

    def checkpoint(self) -> None:
        """Have both servers write out what they hold: the writing of one round is not charged to the next."""
        for dsn in (self.dsn("postgres"), settings().warehouse_url("owner")):
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute("checkpoint")


@contextmanager
def opened() -> Iterator[Lab]:
    """The two servers, running; stopped at the end."""
    home = (Path(os.environ.get("CAUDAL_HOME", ROOT / ".caudal")) / "bench").resolve()
    os.environ.update(CAUDAL_HOME=str(home), CAUDAL_SITE="demo", PYTHONPATH=str(ROOT))
    settings.cache_clear()
    with EmbeddedPostgres(home), EmbeddedPostgres(home / "source") as source:
        warehouse.bootstrap()
        yield Lab(source, home)


def forget(wanted: Sequence[Entity]) -> None:
    """Leave the warehouse as if it had never been loaded."""
    with warehouse.connect("load") as conn:
        for entity in wanted:
            conn.execute(sql.SQL("drop table if exists {}").format(qualified(entity)))
        conn.execute("delete from ops.watermark")


def fresh_bare_tables(wanted: Sequence[Entity]) -> None:
    """Empty tables for the baseline: the mapped columns of the raw tables, their types and their primary key."""
    drop_schema(BARE)
    with warehouse.connect() as conn:
        conn.execute(sql.SQL("create schema {}").format(sql.Identifier(BARE)))
        for entity in wanted:
            conn.execute(sql.SQL("create table {} ({}, primary key ({}))").format(
                sql.Identifier(BARE, entity.table), columns_ddl(entity), sql.Identifier(entity.key)))


def drop_schema(*names: str) -> None:
    """Remove schemas of the warehouse, with all in them."""
    with warehouse.connect() as conn:
        for name in names:
            conn.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
