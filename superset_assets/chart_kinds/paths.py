"""`kind: paths`: ways on a map."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import ChartBase, Expansion, column_label


class Paths(ChartBase):
    """Lines from a column that holds JSON [[lon, lat], …]."""

    VIZ = "deck_path"
    COLUMNS = ("path", "tooltip")
    METRICS = ()
    PULLED = {"line_column": "path", "line_width": "width"}

    kind: Literal["paths"]
    path: str = "path"
    tooltip: list[str] = []
    color: str = Field(default="#bd0026", pattern=r"^#[0-9a-fA-F]{6}$")
    width: int = 3

    def expand(self, context) -> Expansion:
        red, green, blue = (int(self.color[i : i + 2], 16) for i in (1, 3, 5))
        params = {
            "line_column": self.path,
            "line_type": "json",
            "line_width": self.width,
            "line_width_unit": "pixels",
            "reverse_long_lat": False,
            "color_picker": {"r": red, "g": green, "b": blue, "a": 1},
            "mapbox_style": "",
            "autozoom": True,
            "viewport": {"longitude": -70.5, "latitude": 19.4, "zoom": 10, "bearing": 0, "pitch": 0},
            "filter_nulls": True,
            "row_limit": 5000,
            "js_columns": [],
            "tooltip_contents": [
                {"item_type": "column", "column_name": name, "verbose_name": column_label(context, self.dataset, name)} for name in self.tooltip],
            "tooltip_template": "",
        }
        return Expansion(params, {"columns": list(dict.fromkeys([self.path, *self.tooltip])), "metrics": [], "row_limit": 5000})
