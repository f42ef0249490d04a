"""The chain check, before anything is published: dashboard → chart → dataset → mart column → metric.

Every problem is found in one pass; each names file and field in Spanish. A broken link is an error, never a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from caudal.semantic.errors import UnknownMetric, UntranslatableMetric
from caudal.semantic.sql import columns as columns_read

from .chart_kinds import ChartBase
from .check_safety import safety
from .context import Context, is_ratio
from .files import AssetError

# What a person may not write in a chart or a dataset: the formula of a KPI belongs to dbt/semantic.
_FORMULA_KEYS = {"expressionType", "sqlExpression", "aggregate", "adhoc_filters", "metrics", "metric", "percent_metrics", "custom_sql"}
_AGGREGATE = re.compile(r"\b(sum|avg|count|min|max|sum_at_last)\s*\(", re.IGNORECASE)


def check(context: Context) -> None:
    """Raise AssetError with every broken link."""
    problems = [*_datasets(context), *_charts(context), *_dashboards(context)]
    problems = problems or list(safety(context))
    if problems:
        raise AssetError(problems)


def _datasets(context: Context) -> Iterator[str]:
    over: dict[tuple[str, str], str] = {}
    for slug, spec in context.assets.datasets.items():
        where = f"datasets/{slug}.yml"
        if bool(spec.relation) == bool(spec.sql):
            yield f"{where}: campo relation: indique `relation` o `sql`, uno de los dos"
        table = spec.relation or f"marts.{slug}"  # under whose name Superset keeps it
        if (first := over.setdefault((context.database_of(slug), table), slug)) != slug:
            yield (f"{where}: campo relation: {table} ya es la tabla de datasets/{first}.yml, y Superset tiene un solo conjunto de datos por tabla: "
                   "reúnalos, o escriba este con `sql`")
        for model in spec.models:
            if model not in context.columns:
                yield f"{where}: campo models: el mart {model!r} no existe en dbt (¿falta `caudal build`?)"
        for relation in spec.relations():
            schema, _, table = relation.partition(".")
            if table in context.pii_models and not spec.pii:
                yield f"{where}: campo pii: {relation} tiene datos personales; indique `pii: true`"
            if schema == "marts" and table not in context.columns:
                yield f"{where}: campo {'relation' if spec.relation else 'sql'}: {relation} no existe en dbt"
            elif schema not in ("marts", "ops"):
                yield f"{where}: campo sql: {relation}: un tablero solo lee marts (y ops.data_status)"
        if spec.metrics != "none":
            if spec.semantic_model not in context.layer.models:
                yield f"{where}: campo semantic_model: {spec.semantic_model!r} no existe en dbt/semantic ({', '.join(context.layer.models)})"
                continue
            table = context.layer.models[spec.semantic_model].table
            if table not in spec.models:
                yield f"{where}: campo models: falta {table}, el mart de {spec.semantic_model}"
        for name in spec.only:
            if name not in context.columns_of(slug):
                yield f"{where}: campo only: la columna {name!r} no está en {', '.join(spec.models)}"
        yield from _dataset_columns(context, slug, where)


def _dataset_columns(context: Context, slug: str, where: str) -> Iterator[str]:
    spec, columns, metrics = context.assets.datasets[slug], context.columns_of(slug), context.metrics_of(slug)
    for name, own in spec.columns.items():
        if own.expression and _AGGREGATE.search(own.expression):
            yield f"{where}: campo columns.{name}.expression: es una fórmula; los indicadores se definen en dbt/semantic"
    for name, column in spec.sort_metrics.items():
        if column not in columns:
            yield f"{where}: campo sort_metrics.{name}: la columna {column!r} no está en {', '.join(spec.models) or slug}"
    if spec.time_column and spec.time_column not in columns:
        yield f"{where}: campo time_column: la columna {spec.time_column!r} no está en {', '.join(spec.models) or slug}"
    for name in spec.text_metrics:
        if name not in metrics:
            yield f"{where}: campo text_metrics: el indicador {name!r} no es de {spec.semantic_model}"
    for metric in metrics.values():
        try:
            used = columns_read(metric)
        except UntranslatableMetric as error:
            yield f"dbt/semantic: indicador {metric.name}: no se puede traducir a SQL ({error.reason})"
            continue
        in_mart = context.columns.get(metric.model.table, {})
        for column in used:
            if column not in in_mart:
                yield f"dbt/semantic: indicador {metric.name}: la columna {column!r} no existe en {metric.model.table}"
            elif column not in columns:
                yield f"{where}: el indicador {metric.name} usa la columna {column!r}, que no está en el conjunto de datos"


def _charts(context: Context) -> Iterator[str]:
    for slug, chart in context.assets.charts.items():
        where = f"charts/{slug}.yml"
        if chart.dataset not in context.assets.datasets:
            yield f"{where}: campo dataset: {chart.dataset!r} no existe en datasets/ ({', '.join(context.assets.datasets)})"
            continue
        columns, metrics = context.columns_of(chart.dataset), context.metrics_of(chart.dataset)
        for field, name in chart.columns_in():
            if name not in columns:
                yield f"{where}: campo {field}: la columna {name!r} no existe en datasets/{chart.dataset}.yml"
        for field, name in chart.metrics_in():
            if name not in metrics:
                yield f"{where}: campo {field}: el indicador {name!r} no está en datasets/{chart.dataset}.yml ({_reason(context, chart, name)})"
        yield from (f"{where}: campo options.{key}: las fórmulas y los indicadores no van en `options`" for key in _formulas(chart.options))
        yield from (f"{where}: {problem}" for problem in chart.misuse(context, metrics))


def _reason(context: Context, chart: ChartBase, name: str) -> str:
    try:
        metric = context.layer.metric(name)
    except UnknownMetric:
        return "no existe en dbt/semantic"
    if context.assets.datasets[chart.dataset].metrics == "ratios" and not is_ratio(metric):
        return "ese conjunto solo lleva razones, porque repite filas"
    return f"es de {metric.model.name if metric.model else 'varios marts'}"


def _formulas(options: Any, path: str = "") -> Iterator[str]:
    if isinstance(options, dict):
        for key, value in options.items():
            if key in _FORMULA_KEYS:
                yield f"{path}{key}"
            else:
                yield from _formulas(value, f"{path}{key}.")
    elif isinstance(options, list):
        for item in options:
            yield from _formulas(item, path)


def _dashboards(context: Context) -> Iterator[str]:
    used = set()
    for slug, board in context.assets.dashboards.items():
        where = f"dashboards/{slug}.yml"
        seen: list[str] = []
        if not board.rows and not board.tabs:
            yield f"{where}: campo rows: el tablero no tiene filas ni pestañas"
        for place, row in board.located():
            if not row.charts and not row.heading:
                yield f"{where}: campo {place}: la fila no tiene gráficos ni título"
            width = sum(cell.width for cell in row.cells().values())
            if width > 12:
                yield f"{where}: campo {place}: los anchos suman {width}; el máximo es 12"
            for name, cell in row.cells().items():
                if cell.text is None and name not in context.assets.charts:
                    yield f"{where}: campo {place}.charts: el gráfico {name!r} no existe en charts/"
                elif name in seen:
                    yield f"{where}: campo {place}.charts: {name!r} está dos veces"
                seen.append(name)
        used |= set(seen)
        for key, item in board.filters.items():
            yield from _filter(context, board, f"{where}: campo filters.{key}", item)
    for name in sorted(set(context.assets.charts) - used):
        yield f"charts/{name}.yml: ningún tablero lo usa: quítelo o póngalo en dashboards/"


def _filter(context: Context, board: Any, where: str, item: Any) -> Iterator[str]:
    if item.dataset not in context.assets.datasets:
        yield f"{where}.dataset: {item.dataset!r} no existe en datasets/"
        return
    if item.column not in context.columns_of(item.dataset):
        yield f"{where}.column: la columna {item.column!r} no existe en datasets/{item.dataset}.yml"
        return
    if item.sort and item.sort not in context.assets.datasets[item.dataset].sort_metrics:
        yield f"{where}.sort: {item.sort!r} no está en sort_metrics de datasets/{item.dataset}.yml"
    if item.parent and item.parent not in board.filters:
        yield f"{where}.parent: el filtro {item.parent!r} no existe"
    if not any(filtered(context, item.column, name) for name in board.chart_names()):
        yield f"{where}.column: ningún gráfico del tablero tiene la columna {item.column!r}"


def filtered(context: Context, column: str, chart: str) -> bool:
    """Whether a filter on `column` reaches the chart: its dataset has a column of that name."""
    spec = context.assets.charts.get(chart)
    return bool(spec) and spec.dataset in context.assets.datasets and column in context.columns_of(spec.dataset)
