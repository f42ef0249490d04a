"""A metric worked out with numbers: real ones of the last closed month (`real`), or made-up ones that are always the same (`invented`)."""

from __future__ import annotations

import operator
import re
import zlib
from collections.abc import Callable
from decimal import Decimal

import sqlglot
from psycopg import Connection
from sqlglot import exp

from . import formats
from .model import Aggregate, Derived, Metric, Node, Ratio, SemanticLayer, leaves
from .sql import Range, dimension_values, fetch

_OPERATIONS = {exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul}
Value = Callable[[Aggregate], Decimal | None]


def real(conn: Connection, layer: SemanticLayer, metric: Metric) -> str:
    """`16,224,000.00 ÷ 18,000,000.00 = 90.1 % (oct 2026)`: each measure and the metric, as `fetch` gives them."""
    time = metric.model.time_dimension
    months = [row[time] for row in dimension_values(conn, layer, metric.name, [time])]
    if not months:
        return "el mart está vacío"
    where = {time: Range(max(months), max(months))}
    found = {id(leaf): _measure(conn, layer, metric, leaf, where) for leaf in leaves(metric.node)}
    result = fetch(conn, metric.name, where=where, layer=layer)[0][metric.name]
    steps = _written(metric.node, lambda leaf: found[id(leaf)])
    last = formats.month(max(months).replace(day=1))
    shown = formats.value(metric, result)
    return f"{shown} ({last})" if isinstance(metric.node, Aggregate) else f"{steps} = {shown} ({last})"


def _measure(conn: Connection, layer: SemanticLayer, metric: Metric, leaf: Aggregate, where: dict) -> Decimal | None:
    alone = metric.model_copy(update={"name": "m", "node": leaf})
    return fetch(conn, "m", where=where, layer=layer.model_copy(update={"metrics": {"m": alone}}))[0]["m"]


def invented(metric: Metric) -> str:
    """An example for the dictionary, which no database is asked for: the same metric gives the same numbers, in a believable proportion."""
    values = {leaf.measure: Decimal(20 + zlib.crc32(leaf.measure.encode()) % 80) * 100 for leaf in leaves(metric.node)}
    if isinstance(metric.node, Ratio) and metric.unit == "%":
        top, bottom = leaves(metric.node.numerator), leaves(metric.node.denominator)
        if len(top) == len(bottom) == 1 and top[0].measure != bottom[0].measure:
            share = metric.warn if metric.warn is not None and 0 < metric.warn < 1 else Decimal("0.8") if metric.direction == "up" else Decimal("0.1")
            values[top[0].measure] = (values[bottom[0].measure] * share).quantize(Decimal(1))
    result = _value(metric.node, lambda leaf: values[leaf.measure])
    if isinstance(metric.node, Aggregate):
        return f"con {_named(metric.node)} = {_plain(result)}, el indicador vale {formats.value(metric, result)}"
    given = ", ".join(f"{_named(leaf)} = {_plain(values[leaf.measure])}" for leaf in dict.fromkeys(leaves(metric.node)))
    return f"con {given}: {_written(metric.node, lambda leaf: values[leaf.measure])} = {formats.value(metric, result)}"


def _named(leaf: Aggregate) -> str:
    word = {"sum": "Σ ", "percentile": "mediana de " if leaf.percentile == Decimal("0.5") else "percentil de "}.get(leaf.agg, f"{leaf.agg} ")
    return f"{word}`{leaf.measure}`"


def _plain(value: Decimal | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.2f}" if value % 1 else f"{value:,.0f}"


def _value(node: Node, of: Value) -> Decimal | None:
    if isinstance(node, Aggregate):
        return of(node)
    if isinstance(node, Ratio):
        above, below = _value(node.numerator, of), _value(node.denominator, of)
        return above / below if above is not None and below else None
    names = {name: _value(child, of) for name, child in node.inputs.items()}
    return _worked_out(node.expr, names)


def _written(node: Node, of: Value) -> str:
    if isinstance(node, Aggregate):
        return _plain(of(node))
    if isinstance(node, Ratio):
        return f"{_written(node.numerator, of)} ÷ {_written(node.denominator, of)}"
    if not isinstance(node, Derived):
        return node.reason
    parts = re.split(r"(\w+)", node.expr)
    return "".join(f"({_written(node.inputs[p], of)})" if p in node.inputs else p for p in parts).replace(" * ", " × ")


def _worked_out(text: str, names: dict[str, Decimal | None]) -> Decimal | None:
    """A derived metric's expression (+ − × over names and numbers)."""

    def walk(tree: exp.Expression) -> Decimal | None:
        if isinstance(tree, exp.Paren):
            return walk(tree.this)
        if isinstance(tree, exp.Column):
            return names[tree.name]
        if isinstance(tree, exp.Literal):
            return Decimal(tree.this)
        left, right = walk(tree.this), walk(tree.expression)
        return None if left is None or right is None else _OPERATIONS[type(tree)](left, right)

    return walk(sqlglot.parse_one(text, read="postgres"))
