"""`kind: lines`: lines of metrics by month."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import MONTH_FORMAT, ChartBase, Expansion, by_month, metric_format


class Lines(ChartBase):
    """Lines of metrics by month."""

    VIZ = "echarts_timeseries_line"
    COLUMNS = ("x", "by")
    PULLED = {"x_axis": "x", "metrics": "metrics", "groupby": "by", "y_axis_format": "format"}

    kind: Literal["lines"]
    x: str = "period_month"
    metrics: list[str] = Field(min_length=1)
    by: list[str] = []
    format: str | None = None

    def expand(self, context) -> Expansion:
        params = {
            "x_axis": self.x,
            "time_grain_sqla": "P1M",
            "x_axis_time_format": MONTH_FORMAT,
            "tooltipTimeFormat": MONTH_FORMAT,
            "metrics": self.metrics,
            "groupby": self.by,
            "y_axis_format": metric_format(context, self.metrics[0], self.format),
            "row_limit": 10000,
            "show_legend": True,
            "legendType": "scroll",
            "legendOrientation": "top",
            "rich_tooltip": True,
            "markerEnabled": True,
            "markerSize": 5,
            "truncateYAxis": False,
            "truncate_metric": True,
            "color_scheme": "caudal",
        }
        query = {"columns": [by_month(self.x), *self.by], "metrics": self.metrics, "orderby": [[self.x, True]]}
        return Expansion(params, query)
