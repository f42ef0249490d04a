"""`kind: number`: one number, of the chosen rows."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import ChartBase, Expansion, metric_format


class Number(ChartBase):
    """A big number without a past: for what is counted today. `subtitle` is written under it."""

    VIZ = "big_number_total"
    METRICS = ("metric",)
    PULLED = {"metric": "metric", "y_axis_format": "format", "subtitle": "subtitle"}

    kind: Literal["number"]
    metric: str
    format: str | None = None
    subtitle: str = ""

    def expand(self, context) -> Expansion:
        params = {
            "metric": self.metric,
            "y_axis_format": metric_format(context, self.metric, self.format),
            "header_font_size": 0.4,
            "subheader_font_size": 0.15,
            "subtitle": self.subtitle,
            "subtitle_font_size": 0.125,
            "time_format": "%d/%m/%Y",
            "force_timestamp_formatting": False,
            "conditional_formatting": [],
        }
        return Expansion(params, {"columns": [], "metrics": [self.metric]})
