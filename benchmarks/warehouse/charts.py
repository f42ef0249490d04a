"""The SQL that Superset sends for each chart, made from the same files: dataset (its Jinja included), metrics of `caudal.semantic`, query of the chart.

Each chart is asked as its dashboards open: with the filters that choose a value by themselves. The row rule of a user is not added: who sees all of the
utility asks the most.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment

from superset_assets import context as assets
from superset_assets.context import Context
from superset_assets.expand_charts import chart as expanded
from superset_assets.expand_datasets import dataset as expanded_dataset

MONTHS_ES = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")


@dataclass(frozen=True)
class Question:
    """A chart as one dashboard opens it."""

    dashboard: str
    chart: str
    sql: str
    is_pii: bool


class Untranslatable(ValueError):
    """A query with something that this compiler does not know; the message names chart and part."""


def questions(last_month: Any) -> Iterator[Question]:
    """Every chart of every dashboard; one that no dashboard shows comes with dashboard "". Raises Untranslatable."""
    ctx = assets.load()
    shown: set[str] = set()
    for name, board in ctx.assets.dashboards.items():
        chosen = {item.column: _value(ctx, item, last_month) for item in board.filters.values() if item.first}
        for slug in dict.fromkeys(board.chart_names()):
            shown.add(slug)
            yield Question(name, slug, compiled(ctx, slug, chosen), ctx.assets.datasets[ctx.assets.charts[slug].dataset].pii)
    for slug in ctx.assets.charts:
        if slug not in shown:
            yield Question("", slug, compiled(ctx, slug, {}), ctx.assets.datasets[ctx.assets.charts[slug].dataset].pii)


def _value(ctx: Context, item: Any, last_month: Any) -> str:
    """What a filter that takes its first value takes: the last closed month. Raises Untranslatable for another column."""
    if item.column != "period_label":
        raise Untranslatable(f"filter {item.name}: its first value is unknown")
    return f"{MONTHS_ES[last_month.month - 1]} {last_month.year}"


def compiled(ctx: Context, slug: str, chosen: dict[str, str]) -> str:
    """The SQL of a chart with these filters (column → value)."""
    made = json.loads(expanded(ctx, slug)["query_context"])["queries"][0]
    spec = expanded_dataset(ctx, ctx.assets.charts[slug].dataset)
    known = {c["column_name"]: c for c in spec["columns"]}
    used: set[str] = set()
    source = _source(spec, chosen, used)
    metrics = {m["metric_name"]: m["expression"] for m in spec["metrics"]}
    columns = [_column(known, c) for c in made["columns"]]
    values = [_metric(metrics, slug, m) for m in made["metrics"] or ()]
    where = [f"{_expression(known, column)} in ('{value}')" for column, value in chosen.items() if column in known and column not in used]
    where += [_filter(known, slug, f) for f in made["filters"]]
    labels = {label: text for text, label in columns + values}
    order = [_order(labels, metrics, known, column) + (" asc" if up else " desc") for column, up in made["orderby"]]
    lines = ["select " + ", ".join(f'{text} as "{label}"' for text, label in columns + values), f"from {source}"]
    if where:
        lines.append("where " + " and ".join(f"({w})" for w in where))
    if values and columns:
        lines.append("group by " + ", ".join(text for text, _ in columns))
    if order:
        lines.append("order by " + ", ".join(order))
    return "\n".join([*lines, f"limit {made['row_limit']}"])


def _source(spec: dict[str, Any], chosen: dict[str, str], used: set[str]) -> str:
    if not spec["sql"]:
        return f"{spec['schema']}.{spec['table_name']}"

    def filter_values(column: str, default: Any = None, remove_filter: bool = False) -> list[str]:
        if remove_filter:
            used.add(column)
        return [chosen[column]] if column in chosen else []

    jinja = Environment(autoescape=False)
    jinja.filters["where_in"] = lambda values, mark="'": "(" + ", ".join(f"'{v}'" for v in values) + ")"
    return f"(\n{jinja.from_string(spec['sql']).render(filter_values=filter_values)}\n) as virtual_table"


def _expression(known: dict[str, Any], column: str) -> str:
    return (known[column].get("expression") or column) if column in known else column


def _column(known: dict[str, Any], column: Any) -> tuple[str, str]:
    if isinstance(column, str):
        return _expression(known, column), column
    text = _expression(known, column["sqlExpression"])
    grain = {"P1D": "day", "P1W": "week", "P1M": "month", "P1Y": "year"}.get(column.get("timeGrain") or "")
    return (f"date_trunc('{grain}', {text})" if grain else text), column["label"]


def _metric(metrics: dict[str, str], slug: str, metric: Any) -> tuple[str, str]:
    if isinstance(metric, str):
        return metrics[metric], metric
    if metric.get("expressionType") == "SQL":
        return metric["sqlExpression"], metric["label"]
    if metric.get("expressionType") == "SIMPLE":
        return f"{metric['aggregate']}({metric['column']['column_name']})", metric["label"]
    raise Untranslatable(f"{slug}: metric {metric!r}")


def _filter(known: dict[str, Any], slug: str, item: dict[str, Any]) -> str:
    text, value, operator = _expression(known, item["col"]), item.get("val"), item["op"].upper()
    if operator in ("IS NULL", "IS NOT NULL"):
        return f"{text} {operator.lower()}"
    if operator in ("==", "!=", ">", "<", ">=", "<="):
        return f"{text} {'=' if operator == '==' else operator} {_literal(value)}"
    if operator in ("IN", "NOT IN"):
        return f"{text} {operator.lower()} ({', '.join(map(_literal, _listed(value)))})"
    raise Untranslatable(f"{slug}: filter {item!r}")


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _order(labels: dict[str, str], metrics: dict[str, str], known: dict[str, Any], column: Any) -> str:
    if not isinstance(column, str):
        return f'"{column["label"]}"'
    return f'"{column}"' if column in labels else metrics.get(column) or _expression(known, column)
