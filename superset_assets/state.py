"""What is published and what the files would publish, in one normal form, so that the two can be compared field by field.

Both sides come in Superset's import format: the files' from `bundle.documents`, Superset's from its own export.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from caudal.yaml_file import LOADER

from . import layout
from .chart_kinds import KINDS
from .client import Client

KIND_ES = {"dataset": "conjunto de datos", "chart": "gráfico", "dashboard": "tablero", "database": "conexión"}
# What Superset adds to a chart's parameters by itself: where it is shown, which one it is.
NOISE = {
    "datasource", "slice_id", "slice_name", "viz_type", "url_params", "extra_form_data", "dashboards", "dashboardId", "form_data_key",
    "annotation_layers", "chart_id", "save_action", "granularity_sqla", "datasource_name", "result_format", "result_type", "force",
}
_LINE = 90
_EMPTY = (None, "", [], {})
_METADATA = ("color_scheme", "label_colors", "cross_filters_enabled", "filter_bar_orientation", "refresh_frequency")


@dataclass
class Asset:
    """One thing in Superset: its fields flat, by names that a person understands, and the document they came from."""

    kind: str
    uuid: str
    title: str
    fields: dict[str, Any]
    document: dict[str, Any] = field(repr=False)
    names: dict[str, str] = field(default_factory=dict)  # UUID of a chart in it → how a person calls it


def published(client: Client) -> dict[str, Asset]:
    """Everything that is in Superset, by UUID, what users made included."""
    with zipfile.ZipFile(io.BytesIO(client.download("/api/v1/assets/export/"))) as archive:
        files = {name.split("/", 1)[1]: yaml.load(archive.read(name), Loader=LOADER) for name in archive.namelist()}
    charts = {}
    for name, content in files.items():
        number = re.fullmatch(r"charts/.*_(\d+)\.yaml", name)
        if number:
            charts[int(number[1])] = str(content["uuid"])
    return _assets(files, charts)


def wanted(documents: Mapping[str, Any]) -> dict[str, Asset]:
    """What the files would publish, by UUID."""
    return _assets(json.loads(json.dumps(documents)), {})


def changes(before: Asset, after: Asset) -> list[str]:
    """`campo: antes → después` of every field that differs."""
    lines = []
    for sign, here, there in (("+", after, before), ("-", before, after)):
        # a column, an indicator or a filter that only one side has is one line, not one for each of its settings
        lines += [f"{sign} {part}" for part in _parts(here) if part not in _parts(there)]
    whole = set(_parts(before)) ^ set(_parts(after))
    keys = [key for key in dict.fromkeys([*after.fields, *before.fields]) if key.partition(".")[0] not in whole]
    names = {**before.names, **after.names}
    for key in keys:
        if not same(before.fields.get(key), after.fields.get(key)):
            old, new = _apart(before.fields.get(key), after.fields.get(key))
            lines.append(f"{key}: {_short(old, names)} → {_short(new, names)}")
    return lines


def _parts(asset: Asset) -> dict[str, None]:
    """The parts with settings of their own: "filtro Sector", "columna period_label", in order."""
    return dict.fromkeys(key.partition(".")[0] for key in asset.fields if "." in key and not key.startswith("params."))


def same(a: Any, b: Any) -> bool:
    """Equal, or both nothing."""
    return a == b or (a in _EMPTY and b in _EMPTY)


def _apart(before: Any, after: Any) -> tuple[Any, Any]:
    """Of two values, what the other has not: a line has no room for what they share."""
    if isinstance(before, dict) and isinstance(after, dict):
        parts = {key: _apart(before.get(key), after.get(key)) for key in {**before, **after} if not same(before.get(key), after.get(key))}
        return {key: old for key, (old, _) in parts.items() if key in before}, {key: new for key, (_, new) in parts.items() if key in after}
    if isinstance(before, list) and isinstance(after, list):
        gone, come = [item for item in before if item not in after], [item for item in after if item not in before]
        return (gone, come) if gone or come else (before, after)
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > _LINE:
        start = max(0, len(os.path.commonprefix([before, after])) - 20)
        return before[start:], after[start:]
    return before, after


def _short(value: Any, names: Mapping[str, str]) -> str:
    if value in _EMPTY:
        return "(nada)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda match: names.get(match[0], match[0]), " ".join(text.split()))
    return text if len(text) <= _LINE else text[: _LINE - 3] + "…"


def _assets(files: Mapping[str, Any], charts: Mapping[int, str]) -> dict[str, Asset]:
    found = {}
    for name, content in files.items():
        kind = {"databases": "database", "datasets": "dataset", "charts": "chart", "dashboards": "dashboard"}.get(name.split("/")[0])
        if kind:
            title, fields = {"database": _database, "dataset": _dataset, "chart": _chart, "dashboard": _dashboard}[kind](content, charts)
            names = {i["meta"].get("uuid"): i["meta"].get("sliceName") for i in _cells(content.get("position") or {})} if kind == "dashboard" else {}
            found[str(content["uuid"])] = Asset(kind, str(content["uuid"]), title, fields, content, names)
    return found


def _database(content: dict, _: Mapping) -> tuple[str, dict[str, Any]]:
    keys = ("sqlalchemy_uri", "expose_in_sqllab", "allow_dml", "allow_ctas", "allow_cvas", "allow_run_async", "cache_timeout", "extra")
    return content["database_name"], {key: content.get(key) for key in keys}


def _dataset(content: dict, _: Mapping) -> tuple[str, dict[str, Any]]:
    fields = {
        "descripción": content.get("description"), "SQL": content.get("sql"), "esquema": content.get("schema"), "tabla": content["table_name"],
        "columna de tiempo": content.get("main_dttm_col"), "caché": content.get("cache_timeout"), "conexión": str(content["database_uuid"]),
    }
    for column in content["columns"]:
        for key in ("verbose_name", "type", "expression", "description", "groupby", "filterable", "is_dttm"):
            fields[f"columna {column['column_name']}.{key}"] = column.get(key)
    for metric in content["metrics"]:
        for key in ("expression", "verbose_name", "description", "d3format"):
            fields[f"indicador {metric['metric_name']}.{key}"] = metric.get(key)
    return content["table_name"], fields


def params_of(params: Mapping[str, Any], viz: str) -> dict[str, Any]:
    """A chart's parameters without what Superset's screens add to every chart of that kind."""
    defaults = next((kind.UI_DEFAULTS for kind in KINDS.values() if viz == kind.VIZ), {})
    return {k: v for k, v in params.items() if k not in NOISE and v not in _EMPTY and (k not in defaults or defaults[k] != v)}


def _chart(content: dict, _: Mapping) -> tuple[str, dict[str, Any]]:
    fields = {"título": content["slice_name"], "descripción": content.get("description"), "clase": content["viz_type"],
              "conjunto de datos": str(content["dataset_uuid"]), "caché": content.get("cache_timeout")}
    fields |= {f"params.{key}": value for key, value in sorted(params_of(content["params"] or {}, content["viz_type"]).items())}
    return content["slice_name"], fields


def _dashboard(content: dict, charts: Mapping[int, str]) -> tuple[str, dict[str, Any]]:
    position, metadata = content.get("position") or {}, content.get("metadata") or {}  # a new one of a user has none of them
    fields: dict[str, Any] = {"título": content["dashboard_title"], "descripción": content.get("description"), "dirección": content.get("slug"),
                              "CSS": (content.get("css") or "").strip(), "publicado": content.get("published")}
    fields |= {key: metadata.get(key) for key in _METADATA}
    by_number = {**{item["meta"].get("chartId"): item["meta"].get("uuid") for item in _cells(position)}, **charts}
    try:
        grid = layout.read(position, lambda meta: charts.get(meta.get("chartId")) or meta["uuid"]) if "ROOT_ID" in position else {"rows": [], "tabs": []}
    except (layout.Unrepresentable, KeyError) as error:
        grid = {"rows": [], "tabs": []}
        fields["disposición"] = f"tiene lo que los archivos no pueden decir ({error})"
    rows = [("fila", i, row) for i, row in enumerate(grid["rows"], start=1)]
    for tab in grid["tabs"]:
        rows += [(f"pestaña {tab['title']}, fila", i, row) for i, row in enumerate(tab["rows"], start=1)]
    for place, i, row in rows:
        fields[f"{place} {i}"] = row
        if row.get("charts"):
            fields[f"{place} {i}, orden"] = list(row["charts"])
    filters = {item["id"]: item.get("name") for item in metadata.get("native_filter_configuration", [])}
    for item in metadata.get("native_filter_configuration", []):
        item = {**item, "cascadeParentIds": [filters.get(key, key) for key in item.get("cascadeParentIds") or []]}
        fields |= {f"filtro {item.get('name')}.{key}": value for key, value in filter_fields(item, by_number).items()}
    fields["orden de los filtros"] = [item.get("name") for item in metadata.get("native_filter_configuration", [])]
    return content["dashboard_title"], fields


def filter_fields(item: Mapping[str, Any], by_number: Mapping[int, str]) -> dict[str, Any]:
    """A native filter's own settings, charts by UUID."""
    controls = item.get("controlValues") or {}
    target = (item.get("targets") or [{}])[0]
    return {
        "clase": item.get("filterType"),
        "conjunto de datos": str(target.get("datasetUuid")),
        "columna": (target.get("column") or {}).get("name"),
        "varios": bool(controls.get("multiSelect", True)),
        "obligatorio": bool(controls.get("enableEmptyFilter")),
        "primero": bool(controls.get("defaultToFirstItem")),
        "ascendente": controls.get("sortAscending", True) is not False,
        "inverso": bool(controls.get("inverseSelection")),
        "busca todo": bool(controls.get("searchAllOptions")),
        "orden": item.get("sortMetric"),
        "depende de": item.get("cascadeParentIds") or [],
        "valor inicial": None if controls.get("defaultToFirstItem") else ((item.get("defaultDataMask") or {}).get("filterState") or {}).get("value"),
        "descripción": item.get("description") or "",
        "alcance": (item.get("scope") or {}).get("rootPath"),
        "gráficos que no filtra": sorted({str(by_number.get(n, n)) for n in (item.get("scope") or {}).get("excluded", [])}),
        "otras condiciones": item.get("adhoc_filters") or item.get("time_range") or None,
    }


def _cells(position: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (item for item in position.values() if isinstance(item, dict) and item.get("type") == "CHART")
