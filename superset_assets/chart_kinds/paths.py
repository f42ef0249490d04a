"""`kind: paths`: ways on a map."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import ChartBase, Expansion, column_label, map_ground


class Paths(ChartBase):
    """Lines from a column that holds JSON [[lon, lat], …].

    `rank_by`, a sort metric of the dataset, is not drawn: without any metric Superset 6.1 asks for the tooltip's columns in place of the path.
    """

    VIZ = "deck_path"
    COLUMNS = ("path", "tooltip")
    METRICS = ()
    PULLED = {"line_column": "path", "line_width": "width"}

    kind: Literal["paths"]
    path: str = "path"
    rank_by: str
    tooltip: list[str] = []
    color: str = Field(default="#bd0026", pattern=r"^#[0-9a-fA-F]{6}$")
    width: int = 3

    def expand(self, context) -> Expansion:
        red, green, blue = (int(self.color[i : i + 2], 16) for i in (1, 3, 5))
        params = {
            "line_column": self.path,
            "metric": self.rank_by,
            "line_type": "json",
            "line_width": self.width,
            "line_width_unit": "pixels",
            "reverse_long_lat": False,
            "color_picker": {"r": red, "g": green, "b": blue, "a": 1},
            **map_ground(),
            "filter_nulls": True,
            "row_limit": 5000,
            "js_columns": [],
            "tooltip_contents": [
                {"item_type": "column", "column_name": name, "verbose_name": column_label(context, self.dataset, name)} for name in self.tooltip],
            "tooltip_template": "",
        }
        return Expansion(params, {"columns": list(dict.fromkeys([self.path, *self.tooltip])), "metrics": [self.rank_by], "row_limit": 5000})

    def misuse(self, context, metrics):
        if self.rank_by not in context.assets.datasets[self.dataset].sort_metrics:
            yield f"campo rank_by: {self.rank_by!r} no está en sort_metrics de datasets/{self.dataset}.yml"
