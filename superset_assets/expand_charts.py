"""Chart files → Superset's charts: parameters and the query they stand for, one function a kind.

The browser builds its own query from the parameters; the one written here is for the server (`GET /chart/<id>/data/`: tests, warm-up).
"""

from __future__ import annotations

import json
from typing import Any

from .context import Context, d3_format, identifier
from .files import Bars, Figure, Lines, Map, Pivot, Table

_NO_TIME = {"time_range": "No filter", "adhoc_filters": []}
_ALERT_COLOR = "#E04355"
MONTH_FORMAT = "%b %Y"


def chart(context: Context, slug: str) -> dict[str, Any]:
    """The chart in Superset's import format."""
    spec = context.assets.charts[slug]
    viz, params, query = {Figure: _figure, Bars: _bars, Lines: _lines, Pivot: _pivot, Table: _table, Map: _map}[type(spec)](context, spec)
    params = {"viz_type": viz, **_NO_TIME, **params, **spec.options}
    query = {"filters": [], "extras": {}, "columns": [], "metrics": [], "orderby": [], "row_limit": 10000, "time_range": "No filter", **query}
    return {
        "slice_name": spec.title,
        "description": spec.description or None,
        "certified_by": None,
        "certification_details": None,
        "viz_type": viz,
        "params": params,
        "query_context": json.dumps(
            # The importer puts the dataset's number in: 0 stands for it.
            {"datasource": {"id": 0, "type": "table"}, "force": False, "queries": [query], "form_data": params, "result_format": "json", "result_type": "full"},
            ensure_ascii=False, sort_keys=True,
        ),
        "cache_timeout": None,
        "uuid": identifier("chart", slug),
        "version": "1.0.0",
        "dataset_uuid": identifier("dataset", spec.dataset),
    }


def _format(context: Context, name: str, own: str | None) -> str:
    return own or d3_format(context.layer.metric(name))


def _by_month(column: str) -> dict[str, Any]:
    return {"columnType": "BASE_AXIS", "sqlExpression": column, "label": column, "expressionType": "SQL", "timeGrain": "P1M"}


def _figure(context: Context, spec: Figure) -> tuple[str, dict, dict]:
    metric = context.layer.metric(spec.metric)
    params = {
        "x_axis": spec.time,
        "time_grain_sqla": "P1M",
        "metric": spec.metric,
        "y_axis_format": context.assets.datasets[spec.dataset].formats.get(metric.unit) or d3_format(metric),
        "time_format": MONTH_FORMAT,
        "force_timestamp_formatting": False,
        "show_trend_line": True,
        "start_y_axis_at_zero": False,
        "show_timestamp": False,
        "aggregation": "LAST_VALUE",
        "header_font_size": 0.4,
        "subheader_font_size": 0.15,
        "color_picker": {"r": 11, "g": 110, "b": 153, "a": 1},
        "rolling_type": "None",
    }
    if spec.compare_lag:
        params |= {"compare_lag": spec.compare_lag, "compare_suffix": spec.compare_suffix}
    return "big_number", params, {"columns": [_by_month(spec.time)], "metrics": [spec.metric], "orderby": [[spec.time, True]]}


def _bars(context: Context, spec: Bars) -> tuple[str, dict, dict]:
    dated = spec.x == "period_month"
    params = {
        "x_axis": spec.x,
        "metrics": spec.metrics,
        "groupby": spec.by,
        "orientation": "horizontal" if spec.horizontal else "vertical",
        "stack": "Stack" if spec.stack else None,
        "y_axis_format": _format(context, spec.metrics[0], spec.format),
        "row_limit": 10000,
        "show_legend": len(spec.metrics) > 1 or bool(spec.by),
        "rich_tooltip": True,
        "truncate_metric": True,
        "show_empty_columns": True,
        "xAxisLabelInterval": "0",
        "color_scheme": "caudal",
    }
    if dated:
        params |= {"time_grain_sqla": "P1M", "x_axis_time_format": MONTH_FORMAT}
    query: dict[str, Any] = {"columns": [_by_month(spec.x) if dated else spec.x, *spec.by], "metrics": [*spec.metrics]}
    if spec.sort:
        params |= {"timeseries_limit_metric": spec.sort, "x_axis_sort": spec.sort, "x_axis_sort_asc": not spec.horizontal}
        query["metrics"].append(spec.sort)
        query["orderby"] = [[spec.sort, not spec.horizontal]]  # a horizontal axis is drawn from the bottom up
    return "echarts_timeseries_bar", params, query


def _lines(context: Context, spec: Lines) -> tuple[str, dict, dict]:
    params = {
        "x_axis": spec.x,
        "time_grain_sqla": "P1M",
        "x_axis_time_format": MONTH_FORMAT,
        "tooltipTimeFormat": MONTH_FORMAT,
        "metrics": spec.metrics,
        "groupby": spec.by,
        "y_axis_format": _format(context, spec.metrics[0], spec.format),
        "row_limit": 10000,
        "show_legend": True,
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "markerEnabled": True,
        "markerSize": 5,
        "truncateYAxis": False,
        "truncate_metric": True,
        "color_scheme": "caudal",
    }
    return "echarts_timeseries_line", params, {"columns": [_by_month(spec.x), *spec.by], "metrics": spec.metrics, "orderby": [[spec.x, True]]}


def _pivot(context: Context, spec: Pivot) -> tuple[str, dict, dict]:
    params = {
        "groupbyRows": spec.rows,
        "groupbyColumns": spec.columns,
        "metrics": spec.metrics,
        "metricsLayout": "COLUMNS",
        "aggregateFunction": "Sum",
        "rowTotals": spec.totals,
        "colTotals": spec.totals,
        "rowOrder": "key_a_to_z",
        "colOrder": "key_a_to_z",
        "valueFormat": _format(context, spec.metrics[0], spec.format),
        "row_limit": 10000,
        "order_desc": True,
        "transposePivot": False,
        "combineMetric": False,
    }
    return "pivot_table_v2", params, {"columns": [*spec.rows, *spec.columns], "metrics": spec.metrics}


def _table(context: Context, spec: Table) -> tuple[str, dict, dict]:
    config = {name: {"d3NumberFormat": _format(context, name, spec.formats.get(name))} for name in spec.metrics}
    params: dict[str, Any] = {
        "query_mode": "aggregate",
        "groupby": spec.columns,
        "metrics": spec.metrics,
        "all_columns": [],
        "order_desc": True,
        "row_limit": spec.rows,
        "server_page_length": 0,
        "table_timestamp_format": "%d/%m/%Y",
        "show_totals": spec.totals,
        "show_cell_bars": False,
        "color_pn": False,
        "allow_rearrange_columns": False,
        "include_search": False,
        "column_config": config,
        "conditional_formatting": [_threshold(context, name) for name in spec.highlight],
    }
    query: dict[str, Any] = {"columns": spec.columns, "metrics": spec.metrics, "row_limit": spec.rows}
    if not spec.metrics:
        params |= {"query_mode": "raw", "all_columns": spec.columns, "groupby": []}
        query["metrics"] = None
    if spec.sort:
        params["timeseries_limit_metric"] = spec.sort
        query["orderby"] = [[spec.sort, False]]
    return "table", params, query


def _threshold(context: Context, name: str) -> dict[str, Any]:
    """Red past the metric's own `warn`: above it where less is better, below it where more is."""
    metric = context.layer.metric(name)
    return {"column": name, "operator": "<" if metric.direction == "up" else ">", "targetValue": float(metric.warn), "colorScheme": _ALERT_COLOR}


def _map(context: Context, spec: Map) -> tuple[str, dict, dict]:
    metric = context.layer.metric(spec.metric)
    tooltip = [
        {"item_type": "column", "column_name": name, "verbose_name": _label(context, spec.dataset, name)} for name in spec.tooltip
    ]
    params = {
        "line_column": spec.ring,
        "line_type": "json",
        "metric": spec.metric,
        "mapbox_style": "",  # no base map: nothing is asked of the network
        "autozoom": True,
        "viewport": {"longitude": -70.5, "latitude": 19.4, "zoom": 10, "bearing": 0, "pitch": 0},
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
        "color_breakpoints": _classes(spec, metric),
        "default_breakpoint_color": {"r": 190, "g": 190, "b": 190, "a": 1},  # no debt, or a ratio over the last class
        "legend_position": "br",
        "legend_format": ".0%" if metric.format.endswith("%") else d3_format(metric),
        "filter_nulls": False,
        "row_limit": 10000,
        "js_columns": [],
        "tooltip_contents": tooltip,
        "tooltip_template": "",
        "cross_filter_column": spec.select,
    }
    columns = list(dict.fromkeys([spec.ring, *spec.tooltip, *([spec.select] if spec.select else [])]))
    metrics = [spec.metric]
    text = context.text_metric(spec.dataset, spec.tooltip_metric) if spec.tooltip_metric else None
    if text:
        # Only the metrics of colour and height are asked for, and nothing is drawn high: the height carries the text of the tooltip.
        params["point_radius_fixed"] = {"type": "metric", "value": text}
        shown = context.layer.metric(spec.tooltip_metric).label_es
        tooltip.append({"item_type": "metric", "metric_name": text, "verbose_name": shown})
        metrics.append(text)
    return "deck_polygon", params, {"columns": columns, "metrics": metrics}


def _label(context: Context, dataset: str, column: str) -> str:
    own = context.assets.datasets[dataset].columns.get(column)
    return own.label if own else context.label(column)


def _classes(spec: Map, metric: Any) -> list[dict[str, Any]]:
    classes, start = [], 0.0
    for i, item in enumerate(spec.breaks):
        end = float(getattr(metric, item.to)) if isinstance(item.to, str) else item.to
        red, green, blue = (int(item.color[j : j + 2], 16) for j in (1, 3, 5))
        classes.append({"id": i, "minValue": start, "maxValue": end, "color": {"r": red, "g": green, "b": blue, "a": 1}})
        start = end
    return classes
