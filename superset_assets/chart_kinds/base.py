"""What every kind of chart shares: the fields of its YAML, its columns and metrics, and how it becomes Superset's parameters and query.

A kind is one class in one file of this folder (`bars.py`, `pivot.py`…): its fields, `expand`, and its own checks. Nothing else names it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from caudal.semantic import Metric

from ..setup_names import BASE_MAP

if TYPE_CHECKING:
    from ..context import Context

MONTH_FORMAT = "%b %Y"
ALERT_COLOR = "#E04355"
_VIEWPORT = {"longitude": -70.5, "latitude": 19.4, "zoom": 10, "bearing": 0, "pitch": 0}


def map_ground() -> dict[str, Any]:
    """What every map stands on: the tiles of the utility's server where it has one, else those drawn from its own streets and outlines."""
    own = os.environ.get("CAUDAL_SUPERSET_TILES")
    return {"mapbox_style": f"tile://{own}" if own else f"tile://{BASE_MAP}", "autozoom": True, "viewport": _VIEWPORT}


class Strict(BaseModel):
    """A piece of YAML in which a field nobody knows is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Expansion:
    """What a chart is in Superset: parameters (for the browser) and query (for the server: tests, warm-up, reports)."""

    def __init__(self, params: dict[str, Any], query: dict[str, Any]):
        self.params, self.query = params, query


class ChartBase(Strict):
    """Fields of every kind. A kind adds `kind: Literal["…"]`, VIZ and its own, and says by COLUMNS and METRICS which of them name what."""

    COLUMNS: ClassVar[tuple[str, ...]] = ()  # fields that hold a column of the dataset, or a list of them
    METRICS: ClassVar[tuple[str, ...]] = ("metrics",)  # fields that hold a metric, or a list of them
    VIZ: ClassVar[str] = ""  # Superset's name of the visualisation
    # What Superset's editor adds by itself when a chart of this kind is saved there; it says nothing.
    UI_DEFAULTS: ClassVar[Mapping[str, Any]] = {}
    # Superset's parameter → field, where `caudal superset pull` may take a parameter changed on the screen straight into the file.
    # Any other parameter goes to `options`.
    PULLED: ClassVar[Mapping[str, str]] = {}

    title: str
    description: str = ""
    dataset: str
    options: dict[str, Any] = {}  # presentation only, straight to Superset

    def expand(self, context: Context) -> Expansion:
        """Superset's parameters and query."""
        raise NotImplementedError

    def misuse(self, context: Context, metrics: Mapping[str, Metric]) -> Iterator[str]:
        """What is wrong beyond names that do not exist, as "campo <x>: <qué pasa>". `metrics` are the dataset's."""
        return iter(())

    def columns_in(self) -> list[tuple[str, str]]:
        """(field, column) of every column the chart names."""
        return [(name, value) for name in self.COLUMNS for value in listed(getattr(self, name))]

    def metrics_in(self) -> list[tuple[str, str]]:
        """(field, metric) of every KPI the chart names."""
        return [(name, value) for name in self.METRICS for value in listed(getattr(self, name))]


def listed(value: Any) -> list[str]:
    """A field's names, be it one, several or none."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def is_ratio(metric: Metric) -> bool:
    """Whether values of different groups cannot be added up."""
    return metric.type != "simple" or metric.unit == "%"


def d3_format(metric: Metric) -> str:
    """The metric's d3 format, with `$` (drawn "RD$ ", see superset_config) for money."""
    return "$" + metric.format if metric.unit.startswith("RD$") and "$" not in metric.format else metric.format


def metric_format(context: Context, name: str, own: str | None = None) -> str:
    """The chart's own format, else the metric's."""
    return own or d3_format(context.layer.metric(name))


def by_month(column: str) -> dict[str, Any]:
    """The query's column for an axis of months."""
    return {"columnType": "BASE_AXIS", "sqlExpression": column, "label": column, "expressionType": "SQL", "timeGrain": "P1M"}


def threshold(context: Context, name: str) -> dict[str, Any]:
    """Red past the metric's own `warn`: above it where less is better, below it where more is."""
    metric = context.layer.metric(name)
    return {"column": name, "operator": "<" if metric.direction == "up" else ">", "targetValue": float(metric.warn), "colorScheme": ALERT_COLOR}


def column_label(context: Context, dataset: str, column: str) -> str:
    """The Spanish name of a dataset's column."""
    own = context.assets.datasets[dataset].columns.get(column)
    return own.label if own else context.label(column)


def summed_ratios(field: str, names: list[str], metrics: Mapping[str, Metric]) -> Iterator[str]:
    """The problem of every ratio among `names`, where the chart would add values up in the browser."""
    for name in names:
        if name in metrics and is_ratio(metrics[name]):
            yield f"campo {field}: {name} es una razón y sus valores no se suman; quite los totales"
