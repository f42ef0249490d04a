"""`kind: pivot`: rows × columns."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import ChartBase, Expansion, metric_format, summed_ratios


class Pivot(ChartBase):
    """Rows × columns. `totals` are added up in the browser, so only of metrics that can be."""

    VIZ = "pivot_table_v2"
    COLUMNS = ("rows", "columns")
    PULLED = {"groupbyRows": "rows", "groupbyColumns": "columns", "metrics": "metrics", "valueFormat": "format"}

    kind: Literal["pivot"]
    rows: list[str] = Field(min_length=1)
    columns: list[str] = []
    metrics: list[str] = Field(min_length=1)
    totals: bool = False
    format: str | None = None

    def expand(self, context) -> Expansion:
        params = {
            "groupbyRows": self.rows,
            "groupbyColumns": self.columns,
            "metrics": self.metrics,
            "metricsLayout": "COLUMNS",
            "aggregateFunction": "Sum",
            "rowTotals": self.totals,
            "colTotals": self.totals,
            "rowOrder": "key_a_to_z",
            "colOrder": "key_a_to_z",
            "valueFormat": metric_format(context, self.metrics[0], self.format),
            "row_limit": 10000,
            "order_desc": True,
            "transposePivot": False,
            "combineMetric": False,
        }
        return Expansion(params, {"columns": [*self.rows, *self.columns], "metrics": self.metrics})

    def misuse(self, context, metrics):
        if self.totals:
            yield from summed_ratios("totals", self.metrics, metrics)
