"""The same utility through every transport gives the same raw tables, row by row; what may differ is written here.

The laboratory's tables were loaded over JSON-RPC from an Odoo 18. A new transport is one more line in LOADED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from psycopg import sql

from caudal.settings import settings
from sources.contract import Column, Entity
from sources.odoo import mapping

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}
OWN = ("_loaded_at", "_run_id")  # bookkeeping of the run that wrote the row


def as_it_is(column: Column) -> sql.Composable:
    return sql.Identifier(column.name)


@dataclass(frozen=True)
class Loaded:
    """A transport, the version of Odoo it reads, its settings, and how a value of its tables looks over JSON-RPC."""

    transport: str
    version: str
    settings: Callable[[object], dict[str, str]]
    over_rpc: Callable[[Column], sql.Composable] = as_it_is


def as_rpc_tells(column: Column) -> sql.Composable:
    """SQL tells more than RPC: NULL numbers, which arrive there as 0, and microseconds, which are cut off."""
    name = sql.Identifier(column.name)
    if column.type in ("integer", "money", "quantity", "coordinate"):
        return sql.SQL("coalesce({}, 0)").format(name)
    return sql.SQL("date_trunc('second', {})").format(name) if column.type == "datetime" else name


LOADED = {
    "json2": Loaded("json2", "19.0", lambda lab: {"ODOO_API_KEY": lab.server.api_key()}),
    "sql": Loaded("sql", "18.0", lambda lab: {"ODOO_SQL_URL": lab.source_dsn}, as_rpc_tells),
}


@pytest.fixture(scope="module", params=LOADED)
def loaded(request: pytest.FixtureRequest, module_lab) -> Iterator[Loaded]:
    """The tables loaded again from nothing by the transport, those of JSON-RPC kept in schema `rpc`."""
    case, lab = LOADED[request.param], module_lab
    lab.warehouse("drop schema if exists rpc cascade; create schema rpc")
    for entity in ENTITIES.values():
        lab.warehouse(f"create table rpc.{entity.table} as table raw.{entity.table}; truncate raw.{entity.table}")
    with pytest.MonkeyPatch.context() as patch, lab.server.knobs.set(version=case.version):
        for name, value in {"ODOO_TRANSPORT": case.transport, **case.settings(lab)}.items():
            patch.setenv(name, value)
        settings.cache_clear()
        results = lab.replicate(full=True, clients=2)
    settings.cache_clear()
    assert {r.status for r in results.values()} == {"ok"}, [r.error for r in results.values() if r.error]
    assert {r.reconciliation for r in results.values() if not ENTITIES[r.entity].absent} == {"ok"}
    yield case


def difference(lab, entity: Entity, case: Loaded) -> list[tuple]:
    """Rows that are in one of the tables and not in the other."""
    kept = [c for (c,) in lab.warehouse(
        "select column_name from information_schema.columns where table_schema = 'raw' and table_name = %s order by ordinal_position",
        [entity.table]) if c not in OWN]
    columns = {c.name: c for c in entity.columns}
    ours = sql.SQL(", ").join(case.over_rpc(columns[c]) if c in columns else sql.Identifier(c) for c in kept)
    theirs = sql.SQL(", ").join(map(sql.Identifier, kept))
    return lab.warehouse(sql.SQL("""
        (select 'more', {ours} from raw.{table} except all select 'more', {theirs} from rpc.{table}) union all
        (select 'missing', {theirs} from rpc.{table} except all select 'missing', {ours} from raw.{table}) limit 3""").format(
        ours=ours, theirs=theirs, table=sql.Identifier(entity.table)))


@pytest.mark.parametrize("name", [n for n, e in ENTITIES.items() if not e.absent])
def test_tables_are_identical_row_by_row(lab, loaded: Loaded, name: str) -> None:
    entity = ENTITIES[name]
    assert difference(lab, entity, loaded) == []
    assert lab.warehouse(f"select count(*) from raw.{entity.table}")[0][0] > 0


def test_an_incremental_run_goes_on_from_another_transports_state(lab, loaded: Loaded) -> None:
    """What a transport did not change, the next does not rewrite: back over JSON-RPC nothing is new."""
    if loaded.over_rpc is not as_it_is:
        lab.one("contract")  # the rows of the overlap lose what RPC cannot tell, once
    before = lab.versions("odoo_contract")
    result = lab.one("contract")
    assert (result.mode, result.inserted, result.updated, result.deleted) == ("incremental", 0, 0, 0)
    assert lab.versions("odoo_contract") == before
