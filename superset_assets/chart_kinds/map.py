"""`kind: map`: polygons coloured by a metric."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .base import ChartBase, Expansion, Strict, column_label, d3_format, map_ground


class Break(Strict):
    """A class of the map: from the end of the one before to `to`: a number, or `warn`/`critical` of the metric."""

    to: float | Literal["warn", "critical"]
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")


class Map(ChartBase):
    """Polygons coloured by a metric in fixed classes; `tooltip` columns and text metrics show on hover."""

    VIZ = "deck_polygon"
    COLUMNS = ("ring", "tooltip", "select")
    METRICS = ("metric",)
    PULLED = {"line_column": "ring", "metric": "metric", "cross_filter_column": "select", "legend_format": "format"}

    kind: Literal["map"]
    ring: str
    metric: str
    breaks: list[Break] = Field(min_length=2)
    tooltip: list[str] = []
    tooltip_metric: str | None = None
    select: str | None = None
    format: str | None = None  # of the legend

    def expand(self, context) -> Expansion:
        metric = context.layer.metric(self.metric)
        tooltip = [{"item_type": "column", "column_name": name, "verbose_name": column_label(context, self.dataset, name)} for name in self.tooltip]
        params = {
            "line_column": self.ring,
            "line_type": "json",
            "metric": self.metric,
            **map_ground(),
            "filled": True,
            "stroked": True,
            "extruded": False,
            "multiplier": 1,
            "line_width": 1,
            "line_width_unit": "pixels",
            "opacity": 100,
            "fill_color_picker": {"r": 200, "g": 200, "b": 200, "a": 1},
            "stroke_color_picker": {"r": 70, "g": 70, "b": 70, "a": 1},
            "color_scheme_type": "color_breakpoints",
            "color_breakpoints": self._classes(metric),
            "default_breakpoint_color": {"r": 190, "g": 190, "b": 190, "a": 1},  # no debt, or a ratio over the last class
            "legend_position": "br",
            "legend_format": self.format or (".0%" if metric.format.endswith("%") else d3_format(metric)),
            "filter_nulls": False,
            "row_limit": 10000,
            "js_columns": [],
            "tooltip_contents": tooltip,
            "tooltip_template": "",
            "cross_filter_column": self.select,
        }
        columns = list(dict.fromkeys([self.ring, *self.tooltip, *([self.select] if self.select else [])]))
        metrics = [self.metric]
        text = context.text_metric(self.dataset, self.tooltip_metric) if self.tooltip_metric else None
        if text:
            # Only the metrics of colour and height are asked for, and nothing is drawn high: the height carries the text of the tooltip.
            params["point_radius_fixed"] = {"type": "metric", "value": text}
            shown = context.layer.metric(self.tooltip_metric).label_es
            tooltip.append({"item_type": "metric", "metric_name": text, "verbose_name": shown})
            metrics.append(text)
        return Expansion(params, {"columns": columns, "metrics": metrics})

    def misuse(self, context, metrics):
        if self.tooltip_metric and self.tooltip_metric not in context.assets.datasets[self.dataset].text_metrics:
            yield f"campo tooltip_metric: {self.tooltip_metric!r} no está en text_metrics de datasets/{self.dataset}.yml"
        if self.metric not in metrics:
            return
        ends = []
        for i, item in enumerate(self.breaks):
            value = getattr(metrics[self.metric], item.to) if isinstance(item.to, str) else item.to
            if value is None:
                yield f"campo breaks.{i}.to: {self.metric} no tiene `{item.to}` en dbt/semantic"
                return
            ends.append(float(value))
        if ends != sorted(set(ends)):
            yield f"campo breaks: los límites deben ir de menor a mayor, sin repetirse ({ends})"

    def _classes(self, metric: Any) -> list[dict[str, Any]]:
        classes, start = [], 0.0
        for i, item in enumerate(self.breaks):
            end = float(getattr(metric, item.to)) if isinstance(item.to, str) else item.to
            red, green, blue = (int(item.color[j : j + 2], 16) for j in (1, 3, 5))
            classes.append({"id": i, "minValue": start, "maxValue": end, "color": {"r": red, "g": green, "b": blue, "a": 1}})
            start = end
        return classes
