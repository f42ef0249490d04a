"""The report page as PBIR (JSON files under `<name>.Report/definition/`)."""

from __future__ import annotations

from typing import Any

from .design import Design, VisualSpec, tag

SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/item/report"
REPORT = f"{SCHEMAS}/definition/report/3.0.0/schema.json"
PAGE = f"{SCHEMAS}/definition/page/2.0.0/schema.json"
PAGES = f"{SCHEMAS}/definition/pagesMetadata/1.0.0/schema.json"
VISUAL = f"{SCHEMAS}/definition/visualContainer/2.4.0/schema.json"
VERSION = f"{SCHEMAS}/definition/versionMetadata/1.0.0/schema.json"
PBIR = f"{SCHEMAS}/definitionProperties/2.0.0/schema.json"
# kind in page.yml → (Power BI's visual type, role of the column, role of the measures)
KINDS = {
    "message": ("tableEx", "Values", None),  # one text of one row: in a card it would be an implicit measure, which the model discourages
    "card": ("card", None, "Values"),
    "slicer": ("slicer", "Values", None),
    "bars": ("clusteredBarChart", "Category", "Y"),
    "table": ("tableEx", "Values", "Values"),
}
MESSAGE_MARGIN = 24  # what a table's frame takes of its width, so that no scroll bar appears


def files(design: Design) -> dict[str, Any]:
    """Path inside the `.Report` folder → its JSON document."""
    page_id = identifier("page", design.page.name)
    documents: dict[str, Any] = {
        "definition.pbir": {"$schema": PBIR, "version": "4.0", "datasetReference": {"byPath": {"path": f"../{design.name}.SemanticModel"}}},
        "definition/version.json": {"$schema": VERSION, "version": "2.0.0"},
        "definition/report.json": {
            "$schema": REPORT,
            "themeCollection": {},
            "settings": {"useStylableVisualContainerHeader": True, "defaultDrillFilterOtherVisuals": True, "useEnhancedTooltips": True},
        },
        "definition/pages/pages.json": {"$schema": PAGES, "pageOrder": [page_id], "activePageName": page_id},
        f"definition/pages/{page_id}/page.json": {
            "$schema": PAGE, "name": page_id, "displayName": design.page.title, "displayOption": "FitToPage",
            "height": design.page.height, "width": design.page.width,
        },
    }
    for order, visual in enumerate(design.page.visuals):
        name = identifier("visual", design.page.name, visual.id)
        documents[f"definition/pages/{page_id}/visuals/{name}/visual.json"] = _visual(design, visual, name, order)
    return documents


def identifier(*parts: str) -> str:
    """PBIR's 20-hex-digit name of a page or visual, fixed by its path."""
    return tag(*parts).replace("-", "")[:20]


def literal(value: str) -> dict:
    return {"expr": {"Literal": {"Value": value}}}


def text_literal(value: str) -> dict:
    return literal("'" + value.replace("'", "''") + "'")


def _visual(design: Design, spec: VisualSpec, name: str, order: int) -> dict:
    x, y, width, height = spec.at
    container: dict[str, Any] = {
        "$schema": VISUAL, "name": name,
        "position": {"x": x, "y": y, "z": order * 1000, "width": width, "height": height, "tabOrder": order * 1000},
    }
    if spec.type == "textbox":
        run = {"value": spec.text, "textStyle": {"fontSize": "20pt", "fontWeight": "bold"}}
        container["visual"] = {"visualType": "textbox", "objects": {"general": [{"properties": {"paragraphs": [{"textRuns": [run]}]}}]}}
        return container
    kind, column_role, measure_role = KINDS[spec.type]
    state: dict[str, dict] = {}
    if spec.field:
        state.setdefault(column_role, {"projections": []})["projections"].append(_column(design, spec.field))
    for metric in spec.metrics or ([spec.metric] if spec.metric else []):
        state.setdefault(measure_role, {"projections": []})["projections"].append(_measure(design, metric))
    query: dict[str, Any] = {"queryState": state}
    if spec.type == "bars":  # in the order of age, not of size
        query["sortDefinition"] = {"sort": [{"field": _column(design, spec.field)["field"], "direction": "Ascending"}], "isDefaultSort": True}
    visual: dict[str, Any] = {"visualType": kind, "query": query}
    if spec.type == "slicer":
        visual["objects"] = {"data": [{"properties": {"mode": text_literal("Dropdown")}}], "header": [{"properties": {"show": literal("false")}}]}
    if spec.type == "message":
        column = state[column_role]["projections"][0]["queryRef"]
        visual["objects"] = {
            "columnHeaders": [{"properties": {"autoSizeColumnWidth": literal("false")}}],
            "columnWidth": [{"properties": {"value": literal(f"{width - MESSAGE_MARGIN}D")}, "selector": {"metadata": column}}],
            "values": [{"properties": {"fontSize": literal("11D")}}],
            "total": [{"properties": {"totals": literal("false")}}],
        }
    if spec.type == "bars":
        visual["objects"] = {"labels": [{"properties": {"show": literal("true")}}]}
    if spec.type == "card":
        visual["objects"] = {
            "categoryLabels": [{"properties": {"show": literal("false")}}],
            "labels": [{"properties": {"fontSize": literal("20D")}}],
        }
    if spec.title:
        visual["visualContainerObjects"] = {"title": [{"properties": {"show": literal("true"), "text": text_literal(spec.title)}}]}
    visual["drillFilterOtherVisuals"] = True
    container["visual"] = visual
    return container


def _field(kind: str, entity: str, name: str) -> dict:
    return {
        "field": {kind: {"Expression": {"SourceRef": {"Entity": entity}}, "Property": name}},
        "queryRef": f"{entity}.{name}",
        "nativeQueryRef": name,
    }


def _column(design: Design, path: str) -> dict:
    table, column = design.column(path)
    return {**_field("Column", table.name, column.name), "active": True}


def _measure(design: Design, metric: str) -> dict:
    table, measure = design.measure(metric)
    return _field("Measure", table.name, measure.name)
