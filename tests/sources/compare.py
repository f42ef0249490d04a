"""The whole raw table of an entity against the source table behind it, row by row and column by column."""

from __future__ import annotations

from sources.contract import Column, Entity

# what Odoo does to a value on its way out (docs: facts/odoo.md); NULL numbers arrive as 0 and cannot be told apart
ZERO = ("integer", "money", "quantity", "coordinate")


def _expected(column: Column, sql_type: str) -> str:
    name = f't."{column.source}"'
    if sql_type == "jsonb":
        return f"coalesce({name} ->> 'es_DO', {name} ->> 'en_US')"
    if column.type in ZERO:
        return f"coalesce({name}, 0)::numeric"
    if column.type == "boolean":
        return f"coalesce({name}, false)"
    if column.type == "datetime":
        return f"date_trunc('second', {name}) at time zone 'UTC'"
    return name


def _found(column: Column) -> str:
    return f'"{column.name}"::numeric' if column.type in ZERO else f'"{column.name}"'


def assert_same(lab, entity: Entity, table: str, company: int = 1) -> int:
    """Every row the replication user may see is in raw, alive and equal, and nothing else is. Returns how many rows that was."""
    types = dict(lab.source(
        "select column_name, data_type from information_schema.columns where table_schema = 'public' and table_name = %s", [table]))
    visible = f"where company_id is null or company_id = {company}" if "company_id" in types and table != "res_users" else ""
    expected = lab.source(f"select {', '.join(_expected(c, types[c.source]) for c in entity.columns)} from {table} as t {visible} order by id")
    found = lab.warehouse(f"select {', '.join(_found(c) for c in entity.columns)} from raw.{entity.table} where _deleted_at is null order by id")
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == theirs
    return len(found)
