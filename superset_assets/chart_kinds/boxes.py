"""`kind: boxes`: how values are distributed."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import ChartBase, Expansion, metric_format


class Boxes(ChartBase):
    """A box plot (Tukey's whiskers) for each value of `by`, of the metric's values along `across` (sectors, months…)."""

    VIZ = "box_plot"
    COLUMNS = ("by", "across")
    METRICS = ("metric",)
    PULLED = {"groupby": "by", "columns": "across", "number_format": "format"}

    kind: Literal["boxes"]
    by: list[str]
    across: list[str]
    metric: str
    format: str | None = None

    def expand(self, context) -> Expansion:
        params = {
            "columns": self.across,
            "groupby": self.by,
            "metrics": [self.metric],
            "whiskerOptions": "Tukey",
            "number_format": metric_format(context, self.metric, self.format),
            "x_ticks_layout": "auto",
            "color_scheme": "caudal",
        }
        boxplot = {"operation": "boxplot", "options": {"whisker_type": "tukey", "percentiles": None, "groupby": self.by, "metrics": [self.metric]}}
        query = {"columns": [*self.across, *self.by], "metrics": [self.metric], "series_columns": self.by, "post_processing": [boxplot]}
        return Expansion(params, query)
