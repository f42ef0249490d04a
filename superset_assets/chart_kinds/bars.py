"""`kind: bars`: bars of metrics along a column or by month."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .base import MONTH_FORMAT, ChartBase, Expansion, by_month, metric_format, summed_ratios


class Bars(ChartBase):
    """Bars of metrics along `x`, in the order of `sort` (a sort metric of the dataset, or one of `metrics`: the largest first) where `x` is no date."""

    VIZ = "echarts_timeseries_bar"
    COLUMNS = ("x", "by")
    PULLED = {"x_axis": "x", "metrics": "metrics", "groupby": "by", "y_axis_format": "format"}

    kind: Literal["bars"]
    x: str
    metrics: list[str] = Field(min_length=1)
    by: list[str] = []
    sort: str | None = None
    stack: bool = False
    horizontal: bool = False
    format: str | None = None

    def expand(self, context) -> Expansion:
        dated = self.x == "period_month"
        params = {
            "x_axis": self.x,
            "metrics": self.metrics,
            "groupby": self.by,
            "orientation": "horizontal" if self.horizontal else "vertical",
            "stack": "Stack" if self.stack else None,
            "y_axis_format": metric_format(context, self.metrics[0], self.format),
            "row_limit": 10000,
            "show_legend": len(self.metrics) > 1 or bool(self.by),
            "rich_tooltip": True,
            "truncate_metric": True,
            "show_empty_columns": True,
            "xAxisLabelInterval": "0",
            "color_scheme": "caudal",
        }
        if dated:
            params |= {"time_grain_sqla": "P1M", "x_axis_time_format": MONTH_FORMAT}
        query: dict[str, Any] = {"columns": [by_month(self.x) if dated else self.x, *self.by], "metrics": [*self.metrics]}
        if self.sort:
            drawn = self.sort in self.metrics
            ascending = self.horizontal if drawn else not self.horizontal  # a horizontal axis is drawn from the bottom up
            params |= {"timeseries_limit_metric": self.sort, "x_axis_sort": self.sort, "x_axis_sort_asc": ascending}
            query["metrics"] += [] if drawn else [self.sort]
            query["orderby"] = [[self.sort, ascending]]
        return Expansion(params, query)

    def misuse(self, context, metrics):
        if self.stack:
            yield from summed_ratios("stack", self.metrics, metrics)
        if self.sort and self.sort not in [*self.metrics, *context.assets.datasets[self.dataset].sort_metrics]:
            yield f"campo sort: {self.sort!r} no está entre los indicadores ni en sort_metrics de datasets/{self.dataset}.yml"
