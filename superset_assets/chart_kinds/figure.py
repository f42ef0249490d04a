"""`kind: figure`: a big number with the months before it as a line."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import MONTH_FORMAT, ChartBase, Expansion, by_month, d3_format


class Figure(ChartBase):
    """A big number at the last month of the dataset, with the months before as a line; `compare_lag` months back for the change
    (in points where the number is a percentage: offline.py). It has no room for a target: that is a table's beside it."""

    VIZ = "big_number"
    COLUMNS = ("time",)
    METRICS = ("metric",)
    PULLED = {"metric": "metric", "x_axis": "time", "compare_lag": "compare_lag", "compare_suffix": "compare_suffix"}

    kind: Literal["figure"]
    metric: str
    time: str = "period_month"
    compare_lag: int | None = 12
    compare_suffix: str = "en un año"

    def expand(self, context) -> Expansion:
        metric = context.layer.metric(self.metric)
        params = {
            "x_axis": self.time,
            "time_grain_sqla": "P1M",
            "metric": self.metric,
            "y_axis_format": context.assets.datasets[self.dataset].formats.get(metric.unit) or d3_format(metric),
            "time_format": MONTH_FORMAT,
            "force_timestamp_formatting": False,
            "show_trend_line": True,
            "start_y_axis_at_zero": False,
            "show_timestamp": False,
            "aggregation": "LAST_VALUE",
            "header_font_size": 0.4,
            "subheader_font_size": 0.15,
            "color_picker": {"r": 11, "g": 110, "b": 153, "a": 1},
            "rolling_type": "None",
        }
        if self.compare_lag:
            params |= {"compare_lag": self.compare_lag, "compare_suffix": self.compare_suffix}
        return Expansion(params, {"columns": [by_month(self.time)], "metrics": [self.metric], "orderby": [[self.time, True]]})
