"""One adapter a consumer: the value of metrics in a slice, read as that consumer's user gets it.

`adapter(metrics, by, where)` → {metric: {key: value}}: `metrics` all of one mart; `by` dimension names; `where` dimension → value or list of
values; a key is the tuple of the values of `by` (text, or the month's first day). Values are Decimal or None; a key that a consumer leaves out
is one without a value. Nothing here computes a KPI.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from pbix_mcp.dax import engine as dax_engine
from pbix_mcp.formats.tmdl_reader import parse_tmdl_folder
from psycopg import Connection, sql
from psycopg.rows import dict_row

import alerts
import reports
from caudal import semantic, warehouse
from caudal.semantic.sql import dimension_values
from caudal.settings import settings
from powerbi.design import read as read_design
from superset_assets.client import Client

Values = dict[str, dict[tuple, Decimal | None]]
Where = Mapping[str, Any]
MONTH = "period_month"


def exact(value: Any) -> Decimal | None:
    """A number's own digits: of a float, the shortest that read back as it (exact for money under 10 digits before the point)."""
    if value is None or isinstance(value, Decimal):
        return value
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))


def listed(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def keyed(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str], by: Sequence[str]) -> Values:
    return {m: {tuple(row[b] for b in by): exact(row[m]) for row in rows} for m in metrics}


# -- caudal.semantic: what everything else is compared with
def semantic_layer(metrics: Sequence[str], by: Sequence[str], where: Where) -> Values:
    with warehouse.connect("read") as conn:
        return keyed(semantic.fetch(conn, metrics, by, where), metrics, by)


# -- MetricFlow: its own compiler over the same manifest; only the schema of the build is replaced by the published one
class _Dialect:
    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


@lru_cache(maxsize=1)
def _metricflow() -> MetricFlowEngine:
    return compiler(json.loads(semantic.manifest_path().read_text(encoding="utf-8")))


def compiler(manifest: dict) -> MetricFlowEngine:
    """MetricFlow's, over a decoded semantic manifest."""
    relations = [m["node_relation"] for m in manifest["semantic_models"]]
    relations += [s["node_relation"] for s in manifest["project_configuration"]["time_spines"]]
    for relation in relations:
        relation["schema_name"] = "marts"
        relation["relation_name"] = '"{database}"."marts"."{alias}"'.format(**relation)
    lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest_json_string=json.dumps(manifest)))
    return MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=_Dialect())


def metricflow(metrics: Sequence[str], by: Sequence[str], where: Where) -> Values:
    entity = semantic.load().metric(metrics[0]).model.primary_entity
    names = {b: "metric_time__month" if b == MONTH else f"{entity}__{b}" for b in by}
    conditions = []
    for dimension, value in where.items():
        call = "TimeDimension('metric_time', 'month')" if dimension == MONTH else f"Dimension('{entity}__{dimension}')"
        literals = ", ".join(sql.Literal(str(v)).as_string() for v in listed(value))
        conditions.append(f"{{{{ {call} }}}} IN ({literals})")
    request = MetricFlowQueryRequest.create(metric_names=list(metrics), group_by_names=list(names.values()), where_constraints=conditions)
    statement = _metricflow().explain(request).sql_statement.sql
    with warehouse.connect("read") as conn, conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement.encode()).fetchall()
    for row in rows:
        row.update({b: row[name].date() if isinstance(row[name], datetime) else row[name] for b, name in names.items()})
    return keyed(rows, metrics, by)


# -- Power BI: the generated project's own files, tables filled as its M says, measures evaluated through its relationships
STATUS = "Estado de los datos"  # the table that no relationship names


RECENT_MONTHS = 6  # what the evaluator's tables hold of a mart by month: it scans its rows in Python, and every slice is within them


class PowerBi:
    """The project in `folder`. `where` filters the dimension tables, as a slicer does; the evaluator is pbix-mcp's."""

    def __init__(self, folder: Path) -> None:
        self.design = read_design(semantic.manifest_path().parent)
        model = parse_tmdl_folder(str(next(folder.glob("*.SemanticModel")) / "definition"))
        self.measures = {m["name"]: m["expression"] for t in model["tables"] for m in t["measures"]}
        kept = {t["name"] for t in model["tables"] if t["measures"]}
        self.relationships = [
            {"FromTable": r["from_table"], "FromColumn": r["from_column"], "ToTable": r["to_table"], "ToColumn": r["to_column"], "IsActive": 1}
            for r in model["relationships"] if r["from_table"] in kept
        ]
        kept |= {r["ToTable"] for r in self.relationships} | {STATUS}
        self.kept = [t for t in model["tables"] if t["name"] in kept]
        self.tables: dict[str, dict] = {}
        self.refresh()
        self.date_tables = {"Calendario": "Fecha"}

    def refresh(self, mart: str | None = None) -> None:
        """Read the tables again, as Power BI does; `mart`: only that one's."""
        read = [t for t in self.kept if mart in (None, _mart(t))]
        with warehouse.connect("read") as conn:
            self.tables |= {t["name"]: _table(conn, t) for t in read}
        dax_engine.mark_currency_columns(self.tables, {t["name"]: [c["name"] for c in t["columns"] if c["tmdl_data_type"] == "decimal"] for t in read})

    def evaluate(self, measures: Sequence[str], filters: Where) -> dict[str, Any]:
        """Values of the measures with `filters` (column of the model → values). Fails where the evaluator could not do a construct: no silent BLANK."""
        context = {column: [_as_power_bi(v) for v in listed(value)] for column, value in filters.items()}
        found = dax_engine.evaluate_measures_batch(
            list(measures), self.tables, self.measures, context, relationships=self.relationships, date_tables=self.date_tables,
            date_table="Calendario", date_column="Fecha",
        )
        engine = dax_engine._engine
        failed = {"errors": engine.eval_errors, "unsupported": engine.unsupported_functions, "timed out": engine.timed_out}
        assert not any(failed.values()), failed
        return found

    def slicer(self, metric: str, dimension: semantic.model.Dimension) -> str:
        """`Table.Column` that a person filters the metric by: the mart's own visible column, else that of a table it is related to."""
        table, _ = self.design.measure(metric)
        own = table.column_of(dimension.expr)
        if own and not own.is_hidden:
            return f"{table.name}.{own.name}"
        related = [next(t for t in self.design.tables if t.name == r.to_table) for r in self.design.relationships if r.from_table == table.name]
        # Sectores has the municipality too: a person takes Municipios where the mart is related to it
        related.sort(key=lambda t: t.mart != f"dim_{dimension.expr.rpartition('_')[0]}")
        for other in related:
            if column := other.column_of(dimension.expr):
                return f"{other.name}.{column.name}"
        assert own, f"nobody can filter {metric} by {dimension.name} in Power BI"
        return f"{table.name}.{own.name}"

    def status_message(self) -> str:
        """What the page says of the data's age: the one row of its message column."""
        table = self.tables[STATUS]
        [row] = table["rows"]
        return row[table["columns"].index("Mensaje")]


def _mart(table: dict) -> str:
    return table["partitions"][0]["source"].split('Item="')[1].split('"')[0]


def _table(conn: Connection, table: dict) -> dict:
    """Rows of the mart that the partition's M reads, under the model's column names."""
    mart = _mart(table)
    columns = sql.SQL(", ").join(sql.Identifier(c["source_column"]) for c in table["columns"])
    statement = sql.SQL("select {} from {}").format(columns, sql.Identifier("marts", mart))
    if table["measures"] and MONTH in [c["source_column"] for c in table["columns"]]:
        months = sql.SQL("select distinct period_month from {} order by 1 desc limit {}").format(sql.Identifier("marts", mart), RECENT_MONTHS)
        statement += sql.SQL(" where period_month in ({})").format(months)
    rows = conn.execute(statement).fetchall()
    return {"columns": [c["name"] for c in table["columns"]], "rows": [[_as_power_bi(v) for v in row] for row in rows]}


def _as_power_bi(value: Any) -> Any:
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return float(value) if isinstance(value, Decimal) else value


def power_bi_project_folder() -> Path:
    """The project as `powerbi.generate` leaves it."""
    import powerbi

    return powerbi.generate(settings().home / "parity" / "Caudal")


@lru_cache(maxsize=1)
def power_bi_project() -> PowerBi:
    """That project, its tables filled from the published marts."""
    return PowerBi(power_bi_project_folder())


def power_bi(metrics: Sequence[str], by: Sequence[str], where: Where, keys: Sequence[tuple] | None = None) -> Values:
    """Each key is evaluated by itself: `keys` says which (default: all that a visual shows)."""
    layer, project = semantic.load(), power_bi_project()
    labels = {m: layer.metric(m).label_es for m in metrics}
    model = layer.metric(metrics[0]).model
    found: Values = {m: {} for m in metrics}
    for key in keys if keys is not None else itertools.product(*(members(layer, metrics[0], b, where) for b in by)):
        filters = {project.slicer(metrics[0], model.dimension(d)): v for d, v in {**where, **dict(zip(by, key, strict=True))}.items()}
        values = project.evaluate(list(labels.values()), filters)
        for metric, label in labels.items():
            found[metric][key] = exact(values[label] if values[label] is None else float(values[label]))
    return found


def members(layer: semantic.SemanticLayer, metric: str, dimension: str, where: Where) -> list:
    """The values that a visual by `dimension` shows: those of the slicer, else all of the mart."""
    if dimension in where:
        return listed(where[dimension])
    with warehouse.connect("read") as conn:
        return [row[dimension] for row in dimension_values(conn, layer, metric, [dimension])]


# -- Superset: its REST API over the published dataset, as a chart asks it
_DATASETS = {"mart_kpi__month": "tablero_empresa"}  # of a mart that is no dataset of its own, as it has reserved rows: the one that carries its metrics


@lru_cache(maxsize=1)
def _superset() -> Client:
    return Client()


def superset(metrics: Sequence[str], by: Sequence[str], where: Where) -> Values:
    table = semantic.load().metric(metrics[0]).model.table
    dataset = _DATASETS.get(table, table)
    filters = {d: [v.isoformat() if isinstance(v, date) else v for v in listed(value)] for d, value in where.items()}
    rows = _superset().chart_data(dataset, metrics, columns=by, filters=filters)
    for row in rows:
        if MONTH in row:
            row[MONTH] = datetime.fromtimestamp(int(row[MONTH]) / 1000, UTC).date()
    return keyed(rows, metrics, by)


# -- alerts: the figure that a rule sees
def alert(metrics: Sequence[str], by: Sequence[str], where: Where) -> Values:
    with warehouse.connect("read") as conn:
        return {m: keyed(alerts.values(m, by, where, conn), [m], by)[m] for m in metrics}


# -- reports: the cells of the workbook that a person opens
def report(metrics: Sequence[str], by: Sequence[str], where: Where) -> Values:
    """Of the monthly collections report. Raises KeyError for a figure that it does not show (`REPORTED` in test_parity says which it does)."""
    layer = semantic.load()
    months = listed(where[MONTH])
    if by == (MONTH,) or not by:
        books = {month: _sheet(month, "Resumen") for month in months}
        return {m: {(month,) if by else (): _cell(rows, layer.metric(m).label_es, 1) for month, rows in books.items()} for m in metrics}
    [month], [dimension] = months, by
    title = {"sector_name": "Por sector", "user_type_name": "Por tipo de usuario"}[dimension]
    rows = _sheet(month, title)
    header = next(row for row in rows if "Recaudado" in row)
    name, amount = header.index("Sector comercial" if dimension == "sector_name" else "Tipo de usuario"), header.index("Recaudado")
    body = rows[rows.index(header) + 1:]
    lines = itertools.takewhile(lambda row: row[0] != "Total", body)
    # it lists who paid this month or the month before; of the others it says nothing, that is, zero
    nothing = {(member,): Decimal(0) for member in members(layer, metrics[0], dimension, {})}
    return {"collected_amount": nothing | {(row[name],): exact(row[amount]) for row in lines}}


@lru_cache(maxsize=12)
def _workbook(month: date) -> Path:
    files = reports.generate(month, only=["monthly_collections"], root=settings().home / "parity" / "reports")
    return next(f.path for f in files if f.format == "xlsx")


def _sheet(month: date, name: str) -> list[tuple]:
    return list(openpyxl.load_workbook(_workbook(month), data_only=True, read_only=True)[name].iter_rows(values_only=True))


def _cell(rows: Sequence[tuple], label: str, column: int) -> Decimal | None:
    [row] = [r for r in rows if isinstance(r[0], str) and (r[0] == label or r[0].startswith(label + " ("))]
    return exact(row[column]) if isinstance(row[column], (int, float)) else None
