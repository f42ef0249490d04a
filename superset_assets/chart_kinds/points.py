"""`kind: points`: places on a map, coloured by a category."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Any, Literal

from .base import ChartBase, Expansion, Strict, column_label


class Size(Strict):
    """How large a point is: `metres` for all, never under `least` nor over `most` pixels."""

    metres: int = 40
    least: int = 3
    most: int = 14


class Points(ChartBase):
    """A point a row (or a cell of many: `size_by`), coloured by `color`. Nothing is asked of the network: there is no base map."""

    VIZ = "deck_scatter"
    COLUMNS = ("latitude", "longitude", "color", "tooltip", "select")
    METRICS = ("size_by",)
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
            "mapbox_style": "",
            "autozoom": True,
            "viewport": {"longitude": -70.5, "latitude": 19.4, "zoom": 10, "bearing": 0, "pitch": 0},
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
        query = {"columns": columns, "metrics": [self.size_by] if self.size_by else [], "row_limit": self.rows}
        return Expansion(params, query)
