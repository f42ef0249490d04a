"""Metrics as PostgreSQL: an aggregate expression over the metric's mart (Superset), and whole queries (alerts, reports).

Rounding: none. Money and volumes are exact `numeric`; ratios are unrounded `numeric` (PostgreSQL keeps at least 16 significant
digits); a ratio whose denominator is 0 or NULL is NULL, as in MetricFlow. Balances use the aggregate `ops.sum_at_last(date, value)`,
which sums the rows of the group's last period: exact because the marts are dense (every sector and user type has a row each month).
Medians and percentiles are `percentile_cont`, which is double precision, ignores NULL and interpolates as MetricFlow's does; what is
computed from one (a ratio) stays in double precision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import sqlglot
from psycopg import Connection, sql
from psycopg.rows import dict_row
from sqlglot import exp

from .errors import SemanticError, UntranslatableMetric
from .model import Aggregate, Derived, Metric, Node, Ratio, SemanticLayer, SemanticModel, Unsupported, leaves
from .where import render

_AGGREGATES = {"sum": "SUM({})", "count": "COUNT({})", "count_distinct": "COUNT(DISTINCT {})", "min": "MIN({})", "max": "MAX({})", "average": "AVG({})"}
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]+\"|[A-Za-z_]\w*|.", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_]\w*\Z")


class Range(NamedTuple):
    """A closed range, for `where`: `{'period_month': Range(date(2026, 1, 1), date(2026, 6, 1))}`; None leaves an end open."""

    start: date | Decimal | int | None = None
    end: date | Decimal | int | None = None


def expression(metric: Metric, grouped_by: Sequence[str] = ()) -> str:
    """SQL aggregate expression of `metric` over `metric.table`, with unqualified columns.

    `grouped_by`: dimensions that are constant in every group. Where a balance's own period is one of them, its last period is the group's only
    one, and a plain sum (several times quicker) says the same. Raises UntranslatableMetric when PostgreSQL text cannot say exactly what
    MetricFlow computes.
    """
    return _node(metric.node, metric, frozenset(grouped_by))


def columns(metric: Metric) -> list[str]:
    """The mart's columns that the metric's SQL reads, filters and periods included, in order of name."""
    found = {column.name for column in sqlglot.parse_one(expression(metric), read="postgres").find_all(exp.Column)}
    return sorted(found - {""})  # the schema of a function is a nameless one to sqlglot


def _node(node: Node, metric: Metric, grouped_by: frozenset[str]) -> str:
    if isinstance(node, Unsupported):
        raise UntranslatableMetric(node.metric, node.reason)
    if metric.model is None:
        raise UntranslatableMetric(metric.name, "it has no single mart")
    if isinstance(node, Aggregate):
        return _aggregate(node, metric.model, grouped_by)
    if isinstance(node, Ratio):
        above, below = _node(node.numerator, metric, grouped_by), _node(node.denominator, metric, grouped_by)
        kind = "numeric" if is_exact(node) else "double precision"
        return f"({above})::{kind} / NULLIF(({below})::{kind}, 0)"
    return _derived(node, metric, grouped_by)


def is_exact(node: Node) -> bool:
    """Whether it is computed in `numeric` all the way: no percentile (double precision in PostgreSQL) is in it."""
    return all(leaf.agg != "percentile" for leaf in leaves(node))


def _aggregate(node: Aggregate, model: SemanticModel, grouped_by: frozenset[str]) -> str:
    if node.last_by and node.agg != "sum":
        raise UntranslatableMetric(node.metric, f"balances are translated with agg sum, not {node.agg!r}")
    if node.last_by and node.last_by not in grouped_by:
        text = f"ops.sum_at_last({model.dimension(node.last_by).expr}, {node.expr})"
    elif node.agg == "percentile":
        text = f"percentile_cont({node.percentile}) WITHIN GROUP (ORDER BY {node.expr})"
    elif node.agg in _AGGREGATES:
        text = _AGGREGATES[node.agg].format(node.expr)
    else:
        raise UntranslatableMetric(node.metric, f"aggregation {node.agg!r} has no translation")
    if node.where:
        conditions = " AND ".join(f"({render(t, model, node.metric, lambda column: column)})" for t in node.where)
        text += f" FILTER (WHERE {conditions})"
    return text if node.fill_nulls_with is None else f"COALESCE({text}, {node.fill_nulls_with})"


def _derived(node: Derived, metric: Metric, grouped_by: frozenset[str]) -> str:
    """The metric's expression with each input replaced by its own, in brackets; strings and quoted names are left alone."""
    tokens = _TOKEN.findall(node.expr)
    return "".join(f"({_node(node.inputs[t], metric, grouped_by)})" if t in node.inputs else t for t in tokens)


def _column(expr: str) -> sql.Composable:
    return sql.Identifier(expr) if _PLAIN.match(expr) else sql.SQL("({})").format(sql.SQL(expr))


def _condition(model: SemanticModel, name: str, value: Any) -> sql.Composable | None:
    column = _column(model.dimension(name).expr)
    if value is None:
        return sql.SQL("{} IS NULL").format(column)
    if isinstance(value, Range):
        parts = []
        if value.start is not None:
            parts.append(sql.SQL("{} >= {}").format(column, sql.Literal(value.start)))
        if value.end is not None:
            parts.append(sql.SQL("{} <= {}").format(column, sql.Literal(value.end)))
        return sql.SQL(" AND ").join(parts) if parts else None
    if isinstance(value, (list, tuple, set, frozenset)):
        return sql.SQL("{} = ANY({})").format(column, sql.Literal(list(value)))
    return sql.SQL("{} = {}").format(column, sql.Literal(value))


def query(
    layer: SemanticLayer,
    metrics: Sequence[str],
    by: Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
) -> sql.Composed:
    """`SELECT by..., metrics... FROM mart WHERE ... GROUP BY by ORDER BY by`, quoted, to be executed by psycopg.

    `metrics`: names, all of one mart. `by`: dimension names. `where`: dimension → value, list of values, `Range`, or None (IS NULL).
    Raises UnknownMetric, UnknownDimension, UntranslatableMetric, or SemanticError when the metrics belong to different marts.
    """
    if not metrics:
        raise SemanticError("no metric was asked for")
    chosen = [layer.metric(name) for name in metrics]
    texts = [expression(metric, by) for metric in chosen]
    if len({metric.table for metric in chosen}) > 1:
        raise SemanticError("metrics of different marts need one query each: " + ", ".join(f"{m.name} ({m.table})" for m in chosen))
    model = chosen[0].model
    keys = [sql.SQL("{} AS {}").format(_column(model.dimension(name).expr), sql.Identifier(name)) for name in by]
    # The texts come from the project's own semantic manifest, as the tables do; values never enter them.
    values = [sql.SQL("{} AS {}").format(sql.SQL(text), sql.Identifier(m.name)) for text, m in zip(texts, chosen, strict=True)]
    statement = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(keys + values), sql.Identifier(model.schema_name, model.table))
    conditions = [c for name, value in (where or {}).items() if (c := _condition(model, name, value)) is not None]
    if conditions:
        statement += sql.SQL(" WHERE ") + sql.SQL(" AND ").join(conditions)
    if by:
        positions = sql.SQL(", ").join(sql.SQL(str(i + 1)) for i in range(len(by)))
        statement += sql.SQL(" GROUP BY {0} ORDER BY {0}").format(positions)
    return statement


def fetch(
    conn: Connection,
    metrics: Sequence[str] | str,
    by: Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
    layer: SemanticLayer | None = None,
) -> list[dict[str, Any]]:
    """Rows of `query(...)`: dimensions as they are, metric values as Decimal (or None). One row, always, when `by` is empty."""
    from .reader import load

    names = [metrics] if isinstance(metrics, str) else list(metrics)
    by = [by] if isinstance(by, str) else list(by)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query(layer or load(), names, by, where)).fetchall()
    return [{k: _decimal(v) if k in names else v for k, v in row.items()} for row in rows]


def _decimal(value: Any) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def dimension_values(conn: Connection, layer: SemanticLayer, metric: str, names: Iterable[str]) -> list[dict[str, Any]]:
    """Distinct combinations of dimension values in the metric's mart (for filters and tests)."""
    model = layer.metric(metric).model
    columns = [sql.SQL("{} AS {}").format(_column(model.dimension(n).expr), sql.Identifier(n)) for n in names]
    text = sql.SQL("SELECT DISTINCT {} FROM {} ORDER BY 1").format(sql.SQL(", ").join(columns), sql.Identifier(model.schema_name, model.table))
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(text).fetchall()
