"""`kind: funnel`: what is left at each step."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import ChartBase, Expansion, metric_format


class Funnel(ChartBase):
    """Steps of a process, the largest first; each says how much of the first it is."""

    VIZ = "funnel"
    COLUMNS = ("by",)
    METRICS = ("metric",)
    PULLED = {"groupby": "by", "metric": "metric", "number_format": "format"}

    kind: Literal["funnel"]
    by: str
    metric: str
    format: str | None = None

    def expand(self, context) -> Expansion:
        params = {
            "groupby": [self.by],
            "metric": self.metric,
            "number_format": metric_format(context, self.metric, self.format),
            "row_limit": 20,
            "sort_by_metric": True,
            "percent_calculation_type": "first_step",
            "label_type": 5,
            "tooltip_label_type": 5,
            "show_labels": True,
            "show_tooltip_labels": True,
            "show_legend": False,
            "color_scheme": "caudal",
        }
        return Expansion(params, {"columns": [self.by], "metrics": [self.metric], "orderby": [[self.metric, False]], "row_limit": 20})
