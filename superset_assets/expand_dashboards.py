"""Dashboard files → Superset's dashboards: the grid, and filters that reach exactly the charts whose dataset has their column."""

from __future__ import annotations

from typing import Any

from .checks import filtered
from .context import Context, identifier
from .docs import link
from .files import HERE, STATUS_HEIGHT, CellSpec, DashboardSpec, FilterSpec, RowSpec

COMMON_CSS = (HERE / "dashboard.css").read_text(encoding="utf-8")  # of every dashboard, its own `css` after it


def dashboard(context: Context, slug: str) -> dict[str, Any]:
    """The dashboard in Superset's import format."""
    spec = context.assets.dashboards[slug]
    # The importer replaces these numbers, in the grid and in the filters' exceptions, by the charts' own: they only have to differ.
    numbers = {name: i for i, name in enumerate(spec.chart_names(), start=1)}
    return {
        "dashboard_title": spec.title,
        "description": spec.description,
        "css": COMMON_CSS + spec.css,
        "slug": slug,
        "certified_by": "",
        "certification_details": "",
        "published": True,
        "uuid": identifier("dashboard", slug),
        "position": _position(context, slug, numbers),
        "metadata": {
            "native_filter_configuration": [_filter(context, slug, key, item, numbers) for key, item in spec.filters.items()],
            "chart_configuration": {},
            "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": []},
            "cross_filters_enabled": True,
            "filter_bar_orientation": "VERTICAL",
            "color_scheme": "caudal",
            "label_colors": spec.colors,
            "shared_label_colors": [],
            "map_label_colors": {},
            "expanded_slices": {},
            "refresh_frequency": 0,
            "timed_refresh_immune_slices": [],
        },
        "version": "1.0.0",
    }


def first_row(slug: str, spec: DashboardSpec) -> RowSpec | None:
    """Over everything: of when the data are and, where the pages are served (`docs.py`), the link to the dashboard's own."""
    address = link(slug)
    if not address:
        return spec.top()[0] if spec.status else None
    text = CellSpec(width=2 if spec.status else 12, text=f"[Qué significa cada gráfico]({address})")
    return RowSpec(charts={**({spec.status: 10} if spec.status else {}), "documentacion": text}, height=STATUS_HEIGHT)


def _position(context: Context, slug: str, numbers: dict[str, int]) -> dict[str, Any]:
    spec = context.assets.dashboards[slug]
    grid = ["ROOT_ID", "GRID_ID"]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": spec.title}},
    }
    first = first_row(slug, spec)
    position["GRID_ID"]["children"] = _rows(context, [*([first] if first else []), *spec.rows], grid, "", numbers, position)
    if spec.tabs:
        position["TABS-1"] = {"type": "TABS", "id": "TABS-1", "children": [], "parents": grid, "meta": {}}
        position["GRID_ID"]["children"].append("TABS-1")
    for i, tab in enumerate(spec.tabs, start=1):
        key, parents = f"TAB-{i}", [*grid, "TABS-1", f"TAB-{i}"]
        children = _rows(context, tab.rows, parents, f"{i}-", numbers, position)
        meta = {"text": tab.title, "defaultText": "Tab title", "placeholder": "Tab title"}
        position[key] = {"type": "TAB", "id": key, "children": children, "parents": parents[:-1], "meta": meta}
        position["TABS-1"]["children"].append(key)
    return position


def _rows(
    context: Context, rows: list[RowSpec], parents: list[str], prefix: str, numbers: dict[str, int], position: dict[str, Any],
) -> list[str]:
    """Put the rows in `position`; their keys, in order."""
    keys = []
    for i, row in enumerate(rows, start=1):
        if row.heading:
            key = f"HEADING-{prefix}{i}"
            meta = {"text": row.heading, "headerSize": "MEDIUM_HEADER", "background": "BACKGROUND_TRANSPARENT"}
            position[key] = {"type": "HEADER", "id": key, "children": [], "parents": parents, "meta": meta}
            keys.append(key)
        if not row.charts:
            continue
        key = f"ROW-{prefix}{i}"
        keys.append(key)
        children = [_cell(context, name, cell, [*parents, key], numbers, position) for name, cell in row.cells().items()]
        position[key] = {"type": "ROW", "id": key, "children": children, "parents": parents, "meta": {"background": "BACKGROUND_TRANSPARENT"}}
    return keys


def _cell(context: Context, name: str, cell: CellSpec, parents: list[str], numbers: dict[str, int], position: dict[str, Any]) -> str:
    meta: dict[str, Any] = {"width": cell.width, "height": cell.height}
    if cell.text is not None:
        key, kind = f"MARKDOWN-{name}", "MARKDOWN"
        meta["code"] = cell.text
    else:
        key, kind = f"CHART-{name}", "CHART"
        meta |= {"chartId": numbers[name], "uuid": identifier("chart", name), "sliceName": context.assets.charts[name].title}
        meta |= {"sliceNameOverride": cell.title} if cell.title else {}
    position[key] = {"type": kind, "id": key, "children": [], "parents": parents, "meta": meta}
    return key


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
            "enableEmptyFilter": item.first or bool(item.default),
            "defaultToFirstItem": item.first,
            "sortAscending": not item.descending,
            "searchAllOptions": False,
            "inverseSelection": False,
        },
        **({"sortMetric": item.sort} if item.sort else {}),
        "requiredFirst": item.first,
        "defaultDataMask": {
            "extraFormData": {"filters": [{"col": item.column, "op": "IN", "val": item.default}]} if item.default else {},
            "filterState": {"value": item.default} if item.default else {},
            "ownState": {},
        },
        "cascadeParentIds": [filter_id(slug, item.parent)] if item.parent else [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "description": item.description,
    }
