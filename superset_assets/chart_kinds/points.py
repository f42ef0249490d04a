"""`kind: points`: places on a map, coloured by a category."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Any, Literal

from .base import ChartBase, Expansion, Strict, column_label, map_ground


class Size(Strict):
    """How large a point is: `metres` for all, never under `least` nor over `most` pixels."""

    metres: int = 40
    least: int = 3
    most: int = 14


class Points(ChartBase):
    """A point a row, coloured by `color` (its colours: `colors` of the dashboard). `size_by`: a sort metric of the dataset, the radius in metres."""

    VIZ = "deck_scatter"
    COLUMNS = ("latitude", "longitude", "color", "tooltip", "select")
    METRICS = ()
    PULLED = {"dimension": "color", "cross_filter_column": "select", "row_limit": "rows"}

    kind: Literal["points"]
    latitude: str = "latitude"
    longitude: str = "longitude"
    color: str | None = None
    size: Size = Size()
    size_by: str | None = None
    tooltip: list[str] = []
    select: str | None = None
    rows: int = 10000

    def expand(self, context) -> Expansion:
        columns = list(dict.fromkeys([self.longitude, self.latitude, *([self.color] if self.color else []), *self.tooltip, *([self.select] if self.select else [])]))
        params: dict[str, Any] = {
            "spatial": {"type": "latlong", "lonCol": self.longitude, "latCol": self.latitude},
            "dimension": self.color,
            "color_scheme_type": "categorical_palette" if self.color else "fixed_color",
            "color_scheme": "caudal",
            "color_picker": {"r": 11, "g": 110, "b": 153, "a": 0.8},
            "point_radius_fixed": {"type": "metric", "value": self.size_by} if self.size_by else {"type": "fix", "value": str(self.size.metres)},
            "point_unit": "radius_m",
            "multiplier": 1,
            "min_radius": self.size.least,
            "max_radius": self.size.most,
            **map_ground(),
            "legend_position": "br",
            "legend_format": None,
            "filter_nulls": True,
            "row_limit": self.rows,
            "js_columns": [],
            "tooltip_contents": [
                {"item_type": "column", "column_name": name, "verbose_name": column_label(context, self.dataset, name)} for name in self.tooltip],
            "tooltip_template": "",
            "cross_filter_column": self.select,
        }
        query: dict[str, Any] = {"columns": columns, "metrics": [self.size_by] if self.size_by else [], "row_limit": self.rows}
        return Expansion(params, query)

    def misuse(self, context, metrics):
        if self.size_by and self.size_by not in context.assets.datasets[self.dataset].sort_metrics:
            yield f"campo size_by: {self.size_by!r} no está en sort_metrics de datasets/{self.dataset}.yml"
