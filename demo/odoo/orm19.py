"""The methods that Odoo 19 has and 18 has not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from psycopg import sql

from demo.odoo import orm
from demo.odoo.domain import both, compile_domain
from demo.odoo.errors import InvalidValue
from demo.odoo.orm import Environment
from demo.odoo.schema import Field, Model

FUNCTIONS = {
    "sum": "sum({})", "max": "max({})", "min": "min({})", "count": "count({})", "count_distinct": "count(distinct {})",
    "array_agg": "array_agg({} order by t.id)",
}
NUMBERS = ("monetary", "float")


def formatted_read_group(env: Environment, model: Model, domain: Any, groupby: Sequence[str] = (), aggregates: Sequence[str] = (),
                         having: Any = (), offset: int = 0, limit: int | None = None, order: str | None = None) -> list[dict[str, Any]]:
    """Groups by plain fields, and dates by day; aggregates as `amount_total:sum` and `__count`. Each value is under the text that asked for it."""
    env.check_model(model)
    if having or order:
        raise InvalidValue("the stand-in groups without having and order")
    keys = [_key(env, model, spec) for spec in groupby]
    totals = [_total(env, model, spec) for spec in aggregates]
    condition = both(compile_domain(env.scope, model, domain), orm._active(env, model, domain), env.rules(model))
    query = sql.SQL("select {} from {} as t where {}").format(
        sql.SQL(", ").join([*keys, *totals] or [sql.SQL("1")]), env.writer.source(model), condition[0])
    if keys:
        query += sql.SQL(" group by {0} order by {0}").format(sql.SQL(", ").join(keys))
    out = []
    for row in orm._execute(env, query, condition[1]):
        values, leaves = {}, []
        for spec, value in zip(groupby, row, strict=False):
            values[spec], found = _group(env, model, spec, value)
            leaves += found
        sums = zip(aggregates, (_number(v) for v in row[len(keys):]), strict=False)
        out.append({"__extra_domain": leaves, **values, **dict(sums)})
    return out[offset:][:limit or None]


def _field(model: Model, name: str) -> Field:
    if name not in model.fields:
        raise InvalidValue(f"Invalid field {name!r} on model {model.name!r}")
    return model.fields[name]


def _key(env: Environment, model: Model, spec: str) -> sql.Composable:
    name, _, granularity = spec.partition(":")
    field = _field(model, name)
    if (field.type in ("date", "datetime")) != bool(granularity):
        raise InvalidValue(f"Granularity not set on a date(time) field, or set on another: {spec!r}")
    if granularity and (field.type, granularity) != ("date", "day"):
        raise InvalidValue(f"the stand-in groups dates by day only, not {spec!r}")
    return env.writer.column(model, field)


def _total(env: Environment, model: Model, spec: str) -> sql.Composable:
    if spec == "__count":
        return sql.SQL("count(*)")
    match = re.fullmatch(r"(\w+):(\w+)", spec)
    if match is None or match[2] not in FUNCTIONS:
        raise InvalidValue(f"Invalid aggregate specification {spec!r}.")
    field = _field(model, match[1])
    if not field.stored:
        raise InvalidValue(f"Cannot convert {model.name}.{field.name} to SQL because it is not stored")
    total = sql.SQL(FUNCTIONS[match[2]]).format(env.writer.column(model, field))
    return sql.SQL("({})::float8").format(total) if field.type in NUMBERS and match[2] in ("sum", "max", "min") else total


def _number(value: Any) -> Any:
    """Of nothing Odoo says False."""
    return False if value is None else value.isoformat() if isinstance(value, date) else value


def _group(env: Environment, model: Model, spec: str, value: Any) -> tuple[Any, list[Any]]:
    """A group's value as the web client gets it, and the leaves that find its records."""
    name = spec.partition(":")[0]
    if value is None:
        return False, [[name, "=", False]]
    if isinstance(value, date):
        leaves = ["&", [name, ">=", value.isoformat()], [name, "<", (value + timedelta(days=1)).isoformat()]]
        return [value.isoformat(), value.strftime("%d %b %Y")], leaves
    if model.fields[name].type == "many2one":
        target = env.registry.model(model.fields[name].relation)
        query = sql.SQL("select {} from {} as t where t.id = %s").format(env.writer.display(target), env.writer.source(target))
        found = orm._execute(env, query, [value])
        return [value, found[0][0] if found else ""], [[name, "=", value]]
    return value, [[name, "=", value]]


METHODS: dict[str, Callable[..., Any]] = {"formatted_read_group": formatted_read_group}
