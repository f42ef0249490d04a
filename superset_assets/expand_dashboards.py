"""Dashboard files → Superset's dashboards: the grid, and filters that reach exactly the charts whose dataset has their column."""

from __future__ import annotations

from typing import Any

from .checks import filtered
from .context import Context, identifier
from .files import DashboardSpec, FilterSpec


def dashboard(context: Context, slug: str) -> dict[str, Any]:
    """The dashboard in Superset's import format."""
    spec = context.assets.dashboards[slug]
    # The importer replaces these numbers, in the grid and in the filters' exceptions, by the charts' own: they only have to differ.
    numbers = {name: i for i, name in enumerate((n for row in spec.rows for n in row.charts), start=1)}
    return {
        "dashboard_title": spec.title,
        "description": spec.description,
        "css": spec.css,
        "slug": slug,
        "certified_by": "",
        "certification_details": "",
        "published": True,
        "uuid": identifier("dashboard", slug),
        "position": _position(context, spec, numbers),
        "metadata": {
            "native_filter_configuration": [_filter(context, slug, key, item, numbers) for key, item in spec.filters.items()],
            "chart_configuration": {},
            "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": []},
            "cross_filters_enabled": True,
            "filter_bar_orientation": "VERTICAL",
            "color_scheme": "caudal",
            "label_colors": {},
            "shared_label_colors": [],
            "map_label_colors": {},
            "expanded_slices": {},
            "refresh_frequency": 0,
            "timed_refresh_immune_slices": [],
        },
        "version": "1.0.0",
    }


def _position(context: Context, spec: DashboardSpec, numbers: dict[str, int]) -> dict[str, Any]:
    grid = ["ROOT_ID", "GRID_ID"]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": spec.title}},
    }
    for i, row in enumerate(spec.rows, start=1):
        if row.heading:
            key = f"HEADING-{i}"
            position[key] = {"type": "HEADER", "id": key, "children": [], "parents": grid,
                             "meta": {"text": row.heading, "headerSize": "MEDIUM_HEADER", "background": "BACKGROUND_TRANSPARENT"}}
            position["GRID_ID"]["children"].append(key)
        if not row.charts:
            continue
        key = f"ROW-{i}"
        position["GRID_ID"]["children"].append(key)
        position[key] = {"type": "ROW", "id": key, "children": [f"CHART-{name}" for name in row.charts], "parents": grid,
                         "meta": {"background": "BACKGROUND_TRANSPARENT"}}
        for name, width in row.charts.items():
            meta = {"chartId": numbers[name], "uuid": identifier("chart", name), "width": width, "height": row.height,
                    "sliceName": context.assets.charts[name].title}
            position[f"CHART-{name}"] = {"type": "CHART", "id": f"CHART-{name}", "children": [], "parents": [*grid, key], "meta": meta}
    return position


def filter_id(dashboard_slug: str, key: str) -> str:
    """The filter's identifier in Superset."""
    return f"NATIVE_FILTER-{dashboard_slug}-{key}"


def _filter(context: Context, slug: str, key: str, item: FilterSpec, numbers: dict[str, int]) -> dict[str, Any]:
    excluded = [number for name, number in numbers.items() if not filtered(context, item.column, name)]
    return {
        "id": filter_id(slug, key),
        "name": item.name,
        "filterType": "filter_select",
        "type": "NATIVE_FILTER",
        "targets": [{"datasetUuid": identifier("dataset", item.dataset), "column": {"name": item.column}}],
        "controlValues": {
            "multiSelect": not item.single,
            "enableEmptyFilter": item.first,
            "defaultToFirstItem": item.first,
            "sortAscending": not item.descending,
            "searchAllOptions": False,
            "inverseSelection": False,
        },
        **({"sortMetric": item.sort} if item.sort else {}),
        "requiredFirst": item.first,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [filter_id(slug, item.parent)] if item.parent else [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "description": item.description,
    }
