"""The scorecard: every public metric by closed month, of the whole utility and of each sector, computed by the semantic layer's own SQL.

Reads: the marts of the schema that is about to be published, and `dbt/seeds/metric_targets.csv` to check it. Writes: `ops.metric`,
`ops.metric_value` (only the values that changed), in the caller's transaction. `marts.mart_kpi__month` shows them beside last year and plan.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType

from psycopg import Connection, sql

from caudal.dbt_run import PROJECT
from caudal.semantic import Metric, SemanticLayer, SemanticModel
from caudal.semantic.sql import expression

TARGETS = PROJECT / "seeds" / "metric_targets.csv"
MART = "mart_kpi__month"  # stands on what is written here: its own metrics are not part of it
_MONTH, _SECTOR = "period_month", "sector_code"


class TargetsError(Exception):
    """The targets name what does not exist; one message a line, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def refresh(
    conn: Connection, schema: str, layer: SemanticLayer, last_month: date, changed: Mapping[str, Collection[date]] = MappingProxyType({}),
) -> int:
    """Compute the values up to `last_month` over the marts in `schema`; how many changed.

    `changed`: mart → the months of it that may differ from what is published; a mart that it does not name is computed whole. Run it in the transaction that publishes the schema. Raises TargetsError, before anything is written, when the targets are wrong.
    """
    sectors = {row[0] for row in conn.execute(sql.SQL("select sector_code from {}").format(sql.Identifier(schema, "dim_commercial_sector")))}
    if problems := check_targets(TARGETS, layer, sectors):
        raise TargetsError(problems)
    _write_metrics(conn, layer)
    conn.execute("create temporary table metric_value_next (like ops.metric_value) on commit drop")
    gone = 0
    for model in layer.models.values():
        metrics = [m for m in layer.metrics.values() if m.model and m.model.name == model.name]
        if not metrics or model.table == MART:
            continue
        months = changed.get(model.table)
        conn.execute(_values(schema, model, metrics, last_month, months))
        gone += conn.execute(
            """delete from ops.metric_value as old
               where metric_name = any(%(metrics)s) and (%(months)s::date[] is null or period_month = any(%(months)s)) and not exists (
                   select from metric_value_next as new
                   where new.metric_name = old.metric_name and new.period_month = old.period_month and new.sector_code is not distinct from old.sector_code
               )""",
            {"metrics": [m.name for m in metrics], "months": None if months is None else list(months)},
        ).rowcount
    written = conn.execute(
        """insert into ops.metric_value as old select * from metric_value_next
           on conflict (metric_name, period_month, sector_code) do update set value = excluded.value where old.value is distinct from excluded.value"""
    ).rowcount
    conn.execute("drop table metric_value_next")
    return gone + written


def _write_metrics(conn: Connection, layer: SemanticLayer) -> None:
    conn.execute("delete from ops.metric where metric_name <> all(%s)", [list(layer.metrics)])
    with conn.cursor() as cursor:
        cursor.executemany(
            """insert into ops.metric (metric_name, label_es, unit, format, direction, warn, critical, folder, owner, is_reserved)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
               on conflict (metric_name) do update set (label_es, unit, format, direction, warn, critical, folder, owner, is_reserved) =
                   row(excluded.label_es, excluded.unit, excluded.format, excluded.direction, excluded.warn, excluded.critical, excluded.folder,
                       excluded.owner, excluded.is_reserved)""",
            [(m.name, m.label_es, m.unit, m.format, m.direction, m.warn, m.critical, m.folder, m.owner, m.model is None or m.model.whole_utility)
             for m in layer.metrics.values()],
        )


def _values(schema: str, model: SemanticModel, metrics: list[Metric], last_month: date, months: Collection[date] | None) -> sql.Composed:
    """All metrics of one mart in one pass over it: by month, and by month and sector where the mart has sectors."""
    time = model.dimension(model.time_dimension)
    is_monthly = time.granularity == "month"
    period = sql.SQL(time.expr) if is_monthly else sql.SQL("date_trunc('month', {})::date").format(sql.SQL(time.expr))
    keys = [period]
    has_sectors = any(d.name == _SECTOR for d in model.dimensions)
    sector = sql.SQL(model.dimension(_SECTOR).expr) if has_sectors else sql.SQL("null::text")
    sets = [sql.SQL("({})").format(period)] + ([sql.SQL("({}, {})").format(period, sector)] if has_sectors else [])
    grouped = [time.name] if is_monthly else []
    aggregates = [sql.SQL("({})::numeric as {}").format(sql.SQL(expression(m, grouped)), sql.Identifier(m.name)) for m in metrics]
    rows = sql.SQL(", ").join(sql.SQL("({}, {})").format(sql.Literal(m.name), sql.Identifier(m.name)) for m in metrics)
    chosen = sql.SQL("") if months is None else sql.SQL(" and {} = any({})").format(period, sql.Literal(list(months)))
    return sql.SQL(
        "insert into metric_value_next (metric_name, period_month, sector_code, value) "
        "select v.metric_name, g.period_month_, g.sector_code_, v.value from ("
        "select {period} as period_month_, {sector} as sector_code_, {aggregates} from {mart} where {period} <= {last}{chosen} "
        "group by grouping sets ({sets})) as g "
        "cross join lateral (values {rows}) as v (metric_name, value) where v.value is not null"
    ).format(
        period=keys[0], sector=sector, aggregates=sql.SQL(", ").join(aggregates), mart=sql.Identifier(schema, model.table), last=sql.Literal(last_month),
        chosen=chosen, sets=sql.SQL(", ").join(sets), rows=rows,
    )


def check_targets(path: Path, layer: SemanticLayer, sectors: Collection[str]) -> list[str]:
    """What is wrong with the file of targets, a message a line in Spanish; empty when all is well."""
    problems, seen = [], {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != ["metric_name", _MONTH, _SECTOR, "target_value"]:
            return [f"{path.name}:1: las columnas deben ser metric_name, period_month, sector_code, target_value"]
        for row in reader:
            where = f"{path.name}:{reader.line_num}"
            problems += [f"{where}: {text}" for text in _faults(row, layer, sectors)]
            key = (row["metric_name"], row[_MONTH], row[_SECTOR])
            if key in seen:
                problems.append(f"{where}: esta meta ya está en la línea {seen[key]}")
            seen.setdefault(key, reader.line_num)
    return problems


def _faults(row: dict[str, str], layer: SemanticLayer, sectors: Collection[str]) -> list[str]:
    found = []
    metric = layer.metrics.get(row["metric_name"])
    if metric is None:
        found.append(f"no existe el indicador {row['metric_name']!r} (vea `caudal metrics list`)")
    if row[_SECTOR]:
        if row[_SECTOR] not in sectors:
            found.append(f"no existe el sector {row[_SECTOR]!r}")
        if metric and _SECTOR not in metric.dimensions:
            found.append(f"el indicador {metric.name} no se mide por sector")
    try:
        if date.fromisoformat(row[_MONTH]).day != 1:
            found.append(f"{row[_MONTH]} no es el primer día de un mes")
    except ValueError:
        found.append(f"{row[_MONTH]!r} no es una fecha AAAA-MM-DD")
    try:
        if not Decimal(row["target_value"]).is_finite():
            found.append(f"{row['target_value']!r} no es un número")
    except InvalidOperation:
        found.append(f"{row['target_value']!r} no es un número")
    return found
