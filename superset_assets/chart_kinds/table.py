"""`kind: table`: a plain table."""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from typing import Any, Literal

from .base import ChartBase, Expansion, metric_format, threshold

_BAD, _WARN, _GOOD = "#d1495b", "#edae49", "#66a182"
LIGHTS = {  # column of the scorecard → word → its colour
    "status_text": {"Crítico": _BAD, "Alerta": _WARN, "Bien": _GOOD},
    "on_target_text": {"Cumplida": _GOOD, "No cumplida": _BAD},
}


class Table(ChartBase):
    """Plain table; `totals` are asked of the database, so a ratio's is right. `highlight`: metrics coloured past their own thresholds.
    `lights`: columns of the scorecard (LIGHTS) coloured by their words."""

    VIZ = "table"
    COLUMNS = ("columns", "lights")
    METRICS = ("metrics", "highlight")
    PULLED = {"groupby": "columns", "all_columns": "columns", "metrics": "metrics", "show_totals": "totals", "row_limit": "rows",
              "timeseries_limit_metric": "sort"}

    kind: Literal["table"]
    columns: list[str] = []
    metrics: list[str] = []
    sort: str | None = None
    totals: bool = False
    highlight: list[str] = []
    lights: list[Literal["status_text", "on_target_text"]] = []
    formats: dict[str, str] = {}
    rows: int = 1000

    def expand(self, context) -> Expansion:
        config = {name: {"d3NumberFormat": metric_format(context, name, self.formats.get(name))} for name in self.metrics}
        params: dict[str, Any] = {
            "query_mode": "aggregate",
            "groupby": self.columns,
            "metrics": self.metrics,
            "all_columns": [],
            "order_desc": True,
            "row_limit": self.rows,
            "server_page_length": 0,
            "table_timestamp_format": "%d/%m/%Y",
            "show_totals": self.totals,
            "show_cell_bars": False,
            "color_pn": False,
            "allow_rearrange_columns": False,
            "include_search": False,
            "column_config": config,
            "conditional_formatting": [
                *(threshold(context, name) for name in self.highlight),
                *({"column": name, "operator": "=", "targetValue": word, "colorScheme": color} for name in self.lights for word, color in LIGHTS[name].items()),
            ],
        }
        query: dict[str, Any] = {"columns": self.columns, "metrics": self.metrics, "row_limit": self.rows}
        if not self.metrics:
            params |= {"query_mode": "raw", "all_columns": self.columns, "groupby": []}
            query["metrics"] = None
        if self.sort:
            params["timeseries_limit_metric"] = self.sort
            query["orderby"] = [[self.sort, False]]
        return Expansion(params, query)

    def misuse(self, context, metrics):
        if self.sort and self.sort not in self.metrics:
            yield f"campo sort: {self.sort!r} no está entre los indicadores de la tabla"
        if not self.columns + self.metrics:
            yield "campo columns: la tabla no tiene columnas ni indicadores"
        for name in self.highlight:
            if name in metrics and metrics[name].warn is None:
                yield f"campo highlight: {name} no tiene umbral (`warn`) en dbt/semantic"
