"""A person's question over several metrics, of several marts, as one table: joined on the dimensions asked for, beside last year and plan.

Reads: published marts, and `marts.mart_kpi__target` for the plan. The figures are those of `sql.fetch`; here they are only put side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row

from . import filters
from .aliases import resolve
from .errors import InvalidFilter, SemanticError
from .model import Metric, SemanticLayer, SemanticModel
from .sql import Range, dimension_values, fetch

MONTH = "period_month"
Kind = Literal["value", "last_year", "change", "plan", "attainment"]
COMPARISONS: dict[str, tuple[Kind, Kind]] = {"last_year": ("last_year", "change"), "plan": ("plan", "attainment")}
_PLANNED_BY = {MONTH, "sector_name", "sector_code"}


@dataclass(frozen=True)
class Column:
    """One figure a row: `metric` itself, or beside it last year's, the change since (points where the unit is %, else a share), plan, attainment."""

    metric: Metric
    kind: Kind = "value"

    @property
    def name(self) -> str:
        return self.metric.name if self.kind == "value" else f"{self.metric.name}__{self.kind}"


@dataclass(frozen=True)
class Answer:
    """`rows`: values of `by` and of each column, by name. `period`: the month assumed where the question named none."""

    by: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    period: date | None = None


def month(text: str) -> date:
    """`2026-10` or `2026-10-01` as the month's first day. Raises InvalidFilter."""
    try:
        return date.fromisoformat(text if len(text) != 7 else f"{text}-01").replace(day=1)
    except ValueError:
        raise InvalidFilter(f"{text!r} no es un mes: escriba AAAA-MM") from None


def ask(
    conn: Connection, layer: SemanticLayer, metrics: Sequence[str], by: Sequence[str] = (), where: str | None = None,
    start: date | None = None, end: date | None = None, compare: Sequence[str] = (),
) -> Answer:
    """The answer. `by` and `where` take short names of dimensions; `start` and `end` are months, both included.

    Raises UnknownMetric, UnknownDimension, InvalidFilter, or SemanticError when something cannot be compared.
    """
    if not metrics:
        raise SemanticError("no se pidió ningún indicador")
    for name in compare:
        if name not in COMPARISONS:
            raise SemanticError(f"no se puede comparar con {name!r}: use {', '.join(COMPARISONS)}")
    chosen = [layer.metric(name) for name in dict.fromkeys(metrics)]
    by_model: dict[str, list[Metric]] = {}
    for metric in chosen:
        if metric.model is None:
            raise SemanticError(f"el indicador {metric.name!r} no tiene un mart propio")
        by_model.setdefault(metric.model.name, []).append(metric)
    models = [layer.models[name] for name in by_model]
    keys = tuple(resolve(name, models[0]).name for name in by)
    conditions = {model.name: _conditions(model, where, start, end) for model in models}
    period = None
    if compare and MONTH not in keys and not any(MONTH in c for c in conditions.values()):
        period = max(row[MONTH] for row in dimension_values(conn, layer, chosen[0].name, [MONTH]))
        conditions = {name: {**c, MONTH: period} for name, c in conditions.items()}

    found: dict[tuple, dict[str, Any]] = {}
    for model in models:
        names, own = [m.name for m in by_model[model.name]], [resolve(name, model).name for name in by]
        _collect(found, fetch(conn, names, own, conditions[model.name], layer), own, names)
        if "last_year" in compare:
            before = fetch(conn, names, own, _year_before(conditions[model.name]), layer)
            _collect_last_year(found, before, own, by_model[model.name])
    if "plan" in compare:
        _add_plan(conn, found, keys, conditions[models[0].name], chosen)
    columns = tuple(Column(m, kind) for m in chosen for kind in ("value", *(k for c in compare for k in COMPARISONS[c])))
    rows = [
        dict(zip(keys, key, strict=True)) | {c.name: found[key].get(c.name) for c in columns} for key in sorted(found, key=_order)
    ]
    return Answer(keys, columns, rows, period)


def _conditions(model: SemanticModel, where: str | None, start: date | None, end: date | None) -> dict[str, Any]:
    found = filters.parse(where, model) if where else {}
    if start or end:
        if MONTH in found:
            raise InvalidFilter("el mes está en --where y en --from/--to: use uno de los dos")
        found[resolve(MONTH, model).name] = Range(start, end)
    return found


def _order(key: tuple) -> tuple:
    return tuple((value is None, value if not isinstance(value, (bool, type(None))) else str(value)) for value in key)


def _collect(found: dict, rows: list[dict], by: Sequence[str], metrics: Sequence[str]) -> None:
    for row in rows:
        found.setdefault(tuple(row[d] for d in by), {}).update({m: row[m] for m in metrics})


def _collect_last_year(found: dict, rows: list[dict], by: Sequence[str], metrics: Sequence[Metric]) -> None:
    """Last year's figures under this year's keys; what exists only last year has nothing to be compared with."""
    for row in rows:
        values = found.get(tuple(_shift(row[d], 12) if d == MONTH else row[d] for d in by))
        if values is None:
            continue
        for metric in metrics:
            now, before = values.get(metric.name), row[metric.name]
            values[f"{metric.name}__last_year"] = before
            values[f"{metric.name}__change"] = change(metric, now, before)


def change(metric: Metric, now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """What changed: the difference where the unit is %, else the share of the value before."""
    if now is None or before is None:
        return None
    return now - before if metric.unit == "%" else (now - before) / before if before else None


def _year_before(conditions: Mapping[str, Any]) -> dict[str, Any]:
    value = conditions.get(MONTH)
    if isinstance(value, Range):
        value = Range(*(_shift(end, -12) if end else None for end in value))
    elif isinstance(value, list):
        value = [_shift(v, -12) for v in value]
    elif value is not None:
        value = _shift(value, -12)
    return {**conditions, **({MONTH: value} if MONTH in conditions else {})}


def _shift(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _add_plan(conn: Connection, found: dict, by: tuple[str, ...], where: Mapping[str, Any], metrics: Sequence[Metric]) -> None:
    """The plan is set by month, for the whole utility or a sector: any other slice has none, and asking for it is a mistake."""
    single = where.get(MONTH) if isinstance(where.get(MONTH), date) else None
    sector = next((d for d in ("sector_name", "sector_code") if d in by or d in where), None)
    if {*by, *where} - _PLANNED_BY or (MONTH not in by and single is None) or (sector in where and not isinstance(where[sector], str)):
        raise SemanticError("la meta existe por mes, de toda la empresa o de un sector: pida --by month, --by sector,month, o un solo mes")
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            "select metric_name, period_month, sector_code, sector_name, target_value from marts.mart_kpi__target where metric_name = any(%s)",
            [[m.name for m in metrics]],
        ).fetchall()
    plans = {(r["metric_name"], r["period_month"], r[sector] if sector else None): r["target_value"] for r in rows if bool(sector) == bool(r["sector_code"])}
    for key, values in found.items():
        at = dict(zip(by, key, strict=True))
        for metric in metrics:
            target = plans.get((metric.name, at.get(MONTH, single), at.get(sector, where.get(sector)) if sector else None))
            values[f"{metric.name}__plan"] = target
            value = values.get(metric.name)
            values[f"{metric.name}__attainment"] = attainment(metric, value, target)


def attainment(metric: Metric, value: Decimal | None, target: Decimal | None) -> Decimal | None:
    """As mart_kpi__month has it: value ÷ target, or the reverse where less is better, so that 1 or more is always a target met."""
    if value is None or target is None:
        return None
    above, below = (target, value) if metric.direction == "down" else (value, target)
    if metric.direction == "down" and value == 0 and target >= 0:
        return Decimal(1)
    return above / below if below > 0 else None
