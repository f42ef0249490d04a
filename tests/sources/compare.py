"""The whole raw table of an entity against the source table behind it, row by row and column by column."""

from __future__ import annotations

from typing import Any

from demo.odoo.schema import Field, models
from sources.contract import Column, Entity

# what Odoo does to a value on its way out (docs: facts/odoo.md); NULL numbers arrive as 0 and cannot be told apart
ZERO = ("integer", "money", "quantity", "coordinate")


def _expected(column: Column, entity: Entity, company: int) -> str:
    name, field = f't."{column.source}"', models()[entity.model].fields[column.source]
    if field.link:
        table, own, other = field.link
        return f"array(select {other}::bigint from {table} where {own} = t.id order by 1)"
    if field.company_dependent:
        return f"(coalesce({name} -> '{company}', {_default(entity.model, field, company)}) #>> '{{}}')::{'bigint' if column.type == 'many2one' else 'text'}"
    if field.translated:
        return f"coalesce({name} ->> 'es_DO', {name} ->> 'en_US')"
    if column.type in ZERO:
        return f"coalesce({name}, 0)::numeric"
    if column.type == "boolean":
        return f"coalesce({name}, false)"
    if column.type == "datetime":
        return f"date_trunc('second', {name}) at time zone 'UTC'"
    return name


def _default(model: str, field: Field, company: int) -> str:
    return f"""(select json_value::jsonb from ir_default where user_id is null and coalesce(company_id, {company}) = {company} and field_id =
               (select id from ir_model_fields where model = '{model}' and name = '{field.name}') order by company_id nulls last limit 1)"""


def _shown(leaf: tuple[str, str, Any]) -> tuple[str, list[Any]]:
    """A leaf of the domains in use, in SQL."""
    name, operator, value = leaf
    if (operator, value) == ("=", False):
        return f'"{name}" is null', []
    return f'"{name}" {({"=": "= %s", "in": "= any(%s)"})[operator]}', [value]


def _found(column: Column) -> str:
    return f'"{column.name}"::numeric' if column.type in ZERO else f'"{column.name}"'


def assert_same(lab, entity: Entity, table: str, company: int = 1) -> int:
    """Every row the replication user may see is in raw, alive and equal, and nothing else is. Returns how many rows that was."""
    conditions = [_shown(leaf) for leaf in entity.domain]
    if models()[entity.model].by_company:
        conditions.append(("(company_id is null or company_id = %s)", [company]))
    expected = lab.source(
        f"select {', '.join(_expected(c, entity, company) for c in entity.columns)} from {table} as t "
        f"where {' and '.join([c for c, _ in conditions] or ['true'])} order by id", [p for _, params in conditions for p in params])
    found = lab.warehouse(f"select {', '.join(_found(c) for c in entity.columns)} from raw.{entity.table} where _deleted_at is null order by id")
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == theirs
    return len(found)
