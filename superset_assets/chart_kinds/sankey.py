"""`kind: sankey`: what flows from one group to another."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from .base import ChartBase, Expansion, summed_ratios


class Sankey(ChartBase):
    """Flow of a metric from `source` to `target`. The two columns must share no value: Superset draws a group once, and flows must not go round."""

    VIZ = "sankey_v2"
    COLUMNS = ("source", "target")
    METRICS = ("metric",)
    PULLED = {"source": "source", "target": "target", "metric": "metric"}

    kind: Literal["sankey"]
    source: str
    target: str
    metric: str

    def expand(self, context) -> Expansion:
        params = {
            "source": self.source, "target": self.target, "metric": self.metric, "row_limit": 1000, "sort_by_metric": True, "color_scheme": "caudal",
        }
        query = {"columns": [self.source, self.target], "metrics": [self.metric], "orderby": [[self.metric, False]], "row_limit": 1000}
        return Expansion(params, query)

    def misuse(self, context, metrics):
        yield from summed_ratios("metric", [self.metric], metrics)
