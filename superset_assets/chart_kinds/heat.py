"""`kind: heat`: a table of colours; with days across and months down, a calendar."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import MONTH_FORMAT, ChartBase, Expansion, metric_format


class Heat(ChartBase):
    """Cells of `x` × `y` coloured by a metric. A month (a date column) is written "oct 2026" and sorted by time; anything else is sorted as text (01, 02…)."""

    VIZ = "heatmap_v2"
    COLUMNS = ("x", "y")
    METRICS = ("metric",)
    PULLED = {"x_axis": "x", "metric": "metric", "y_axis_format": "format", "linear_color_scheme": "colors"}

    kind: Literal["heat"]
    x: str
    y: str
    metric: str
    format: str | None = None
    colors: str = "superset_seq_1"
    values: bool = False

    def expand(self, context) -> Expansion:
        params = {
            "x_axis": self.x,
            "groupby": self.y,
            "metric": self.metric,
            "sort_x_axis": "alpha_asc",
            "sort_y_axis": "alpha_desc",
            "normalize_across": "heatmap",
            "linear_color_scheme": self.colors,
            "legend_type": "continuous",
            "show_legend": True,
            "show_percentage": False,
            "show_values": self.values,
            "border_color": {"r": 255, "g": 255, "b": 255, "a": 1},
            "border_width": 1,
            "xscale_interval": -1,
            "yscale_interval": -1,
            "left_margin": 8,  # beside the names of the rows, whatever room they take; "auto" is a tenth of the chart more
            "bottom_margin": 8,
            "x_axis_time_format": MONTH_FORMAT,  # of both axes, where they are dates
            "value_bounds": [None, None],
            "y_axis_format": metric_format(context, self.metric, self.format),
            "row_limit": 10000,
        }
        return Expansion(params, {"columns": [self.x, self.y], "metrics": [self.metric], "orderby": [[self.x, True], [self.y, True]]})
