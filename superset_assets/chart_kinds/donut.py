"""`kind: donut`: shares of a sum."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import ChartBase, Expansion, metric_format, summed_ratios


class Donut(ChartBase):
    """Parts of a whole along `by`: only of a metric whose values add up. Few parts: the rest goes into "Otros" past `rows`."""

    VIZ = "pie"
    COLUMNS = ("by",)
    METRICS = ("metric",)
    PULLED = {"groupby": "by", "metric": "metric", "number_format": "format", "row_limit": "rows"}

    kind: Literal["donut"]
    by: list[str]
    metric: str
    format: str | None = None
    rows: int = 12

    def expand(self, context) -> Expansion:
        params = {
            "groupby": self.by,
            "metric": self.metric,
            "number_format": metric_format(context, self.metric, self.format),
            "row_limit": self.rows,
            "sort_by_metric": True,
            "donut": True,
            "innerRadius": 40,
            "outerRadius": 70,
            "show_labels": True,
            "labels_outside": False,
            "label_line": False,
            "label_type": "percent",  # the names are cut where there is no room: they are in the legend
            "show_labels_threshold": 5,
            "show_legend": True,
            "legendType": "plain",
            "legendOrientation": "bottom",
            "color_scheme": "caudal",
        }
        return Expansion(params, {"columns": self.by, "metrics": [self.metric], "orderby": [[self.metric, False]], "row_limit": self.rows})

    def misuse(self, context, metrics):
        yield from summed_ratios("metric", [self.metric], metrics)
