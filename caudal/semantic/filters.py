"""The filter text a person writes (`user_type_name='Comercial' and period_month >= '2026-01-01'`) → the `where` mapping of `sql.query`.

A small part of SQL: comparisons joined by AND. Only dimension names and literals come out of it, and the literals travel as parameters:
no text of the user reaches the database as SQL.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp

from .aliases import resolve
from .errors import InvalidFilter
from .model import SemanticModel
from .sql import Range

GRAMMAR = (
    "dimensión = valor, dimensión IN (valor, …), dimensión IS NULL, dimensión >= valor, dimensión <= valor, "
    "dimensión BETWEEN valor AND valor; varias condiciones se unen con AND"
)


def parse(text: str, model: SemanticModel) -> dict[str, Any]:
    """The conditions in `text` over dimensions of `model`, by their names or aliases. Raises InvalidFilter (in Spanish) or UnknownDimension."""
    try:
        trees = sqlglot.parse(f"SELECT 1 WHERE {text}", read="postgres")
    except sqlglot.errors.SqlglotError as error:
        raise InvalidFilter(f"no se entiende el filtro {text!r} ({str(error).splitlines()[0]}). Se acepta: {GRAMMAR}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise _no(text)
    select = trees[0]
    given = {name for name, value in select.args.items() if value}
    if given - {"kind", "expressions", "where"} or "where" not in given:
        raise _no(text)
    where: dict[str, Any] = {}
    for condition in _conjuncts(select.args["where"].this):
        name, value = _condition(condition, model)
        where[name] = _merge(name, where[name], value) if name in where else value
    return where


def _no(what: str) -> InvalidFilter:
    return InvalidFilter(f"no se acepta en un filtro: {what!r}. Se acepta: {GRAMMAR}")


def _conjuncts(tree: exp.Expression) -> list[exp.Expression]:
    if isinstance(tree, exp.Paren):
        return _conjuncts(tree.this)
    if isinstance(tree, exp.And):
        return _conjuncts(tree.this) + _conjuncts(tree.expression)
    return [tree]


def _condition(tree: exp.Expression, model: SemanticModel) -> tuple[str, Any]:
    left = tree.this if isinstance(tree, (exp.EQ, exp.In, exp.Is, exp.GTE, exp.LTE, exp.Between)) else None
    if not isinstance(left, exp.Column) or left.table:
        raise _no(tree.sql(dialect="postgres"))
    dimension = resolve(left.name, model)
    is_time = dimension.type == "time"
    if isinstance(tree, exp.EQ):
        return dimension.name, _literal(tree.expression, is_time)
    if isinstance(tree, exp.In) and tree.expressions:
        return dimension.name, [_literal(item, is_time) for item in tree.expressions]
    if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
        return dimension.name, None
    if isinstance(tree, exp.GTE):
        return dimension.name, Range(start=_literal(tree.expression, is_time))
    if isinstance(tree, exp.LTE):
        return dimension.name, Range(end=_literal(tree.expression, is_time))
    if isinstance(tree, exp.Between):
        return dimension.name, Range(_literal(tree.args["low"], is_time), _literal(tree.args["high"], is_time))
    raise _no(tree.sql(dialect="postgres"))


def _literal(tree: exp.Expression, is_time: bool) -> Any:
    if not isinstance(tree, exp.Literal):
        raise _no(tree.sql(dialect="postgres"))
    if not is_time:
        return tree.this if tree.is_string else Decimal(tree.this)
    try:
        return date.fromisoformat(tree.this if len(tree.this) != 7 else f"{tree.this}-01")
    except ValueError:
        raise InvalidFilter(f"{tree.this!r} no es una fecha AAAA-MM-DD ni un mes AAAA-MM") from None


def _merge(name: str, one: Any, other: Any) -> Range:
    """`x >= a AND x <= b` as one range; any other pair on the same dimension is refused."""
    both = isinstance(one, Range) and isinstance(other, Range)
    if both and (one.start is None) != (other.start is None) and (one.end is None) != (other.end is None):
        return Range(one.start if one.start is not None else other.start, one.end if one.end is not None else other.end)
    raise InvalidFilter(f"{name!r} está dos veces en el filtro: use IN, o >= con <=")
