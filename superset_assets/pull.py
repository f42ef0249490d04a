"""Bring back into the files what somebody changed on Superset's screens: the dashboard's layout and filters, the options of its charts.

What is pulled is proved before a file is written: the new files, expanded again, must be what Superset has, field by field. So publishing after
pulling changes nothing; what the files cannot say is refused by name, and no file changes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import bundle, files, layout, state
from .checks import check
from .client import Client
from .context import Context, identifier, load
from .expand_dashboards import COMMON_CSS, filter_id, first_row
from .state import Asset
from .write_yaml import rewrite

_PARTS = ("datasets", "charts", "dashboards", "roles", "row_rules")


class PullRefused(Exception):
    """Superset has what the files cannot say; each line names it, in Spanish."""


def pull(dashboard: str | None = None, client: Client | None = None, root: Path | None = None) -> dict[str, str]:
    """Rewrite the files of `dashboard` (None: of all) as Superset shows them now. File → its new text, of those that changed.

    Raises PullRefused (nothing is written), AssetError, SupersetError.
    """
    root = root or files.HERE
    context = load(root)
    slugs = list(context.assets.dashboards) if dashboard is None else [dashboard]
    if unknown := [slug for slug in slugs if slug not in context.assets.dashboards]:
        raise PullRefused(f"no hay ningún tablero {unknown[0]!r} en los archivos: {', '.join(context.assets.dashboards)}")
    now, before = state.published(client or Client()), state.wanted(bundle.documents(context))
    changed: dict[str, str] = {}
    problems: list[str] = []
    for slug in slugs:
        asset = now.get(identifier("dashboard", slug))
        if asset is None:
            raise PullRefused(f"el tablero {slug} no está en Superset: ejecute `caudal superset publish`")
        try:
            changed |= _rewritten(root / "dashboards" / f"{slug}.yml", _dashboard(context, slug, asset))
        except layout.Unrepresentable as error:
            problems.append(f"tablero {asset.title}: {error}")
        for name in context.assets.dashboards[slug].chart_names():
            chart = now.get(identifier("chart", name))
            if chart and state.changes(before[chart.uuid], chart):
                try:
                    changed |= _rewritten(root / "charts" / f"{name}.yml", _chart(context, name, chart, before[chart.uuid]))
                except layout.Unrepresentable as error:
                    problems.append(f"gráfico {chart.title}: {error}")
    if problems:
        raise PullRefused("\n".join(problems))
    _prove(root, context, changed, slugs, now)
    for name, text in changed.items():
        (root / name).write_text(text, encoding="utf-8")
    return changed


def _rewritten(path: Path, content: Mapping[str, Any]) -> dict[str, str]:
    """The file's new text where `content` says something else than it does, with its comments and the lines that stay as they are."""
    old = path.read_text(encoding="utf-8")
    new = rewrite(old, content)
    return {} if new == old else {f"{path.parent.name}/{path.name}": new}


def _prove(root: Path, context: Context, changed: Mapping[str, str], slugs: list[str], now: Mapping[str, Asset]) -> None:
    """Expand the new files: what differs from Superset is what they cannot say."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in _PARTS:
            shutil.copytree(root / part, copy / part)
        shutil.copy(root / "labels.yml", copy)
        for name, text in changed.items():
            (copy / name).write_text(text, encoding="utf-8")
        try:
            new = load(copy)
            check(new)
        except files.AssetError as error:
            raise PullRefused("Lo que se hizo en Superset no pasa la revisión de los archivos:\n" + str(error)) from None
        after = state.wanted(bundle.documents(new))
    problems = []
    for slug in slugs:
        wanted = [identifier("dashboard", slug), *(identifier("chart", name) for name in new.assets.dashboards[slug].chart_names())]
        for uuid in wanted:
            if uuid in now:
                differing = state.changes(after[uuid], now[uuid])
                problems += [f"{state.KIND_ES[now[uuid].kind]} {now[uuid].title}: los archivos no pueden decir {line}" for line in differing]
    if problems:
        raise PullRefused("\n".join(problems))


# --- a dashboard ---


def _dashboard(context: Context, slug: str, asset: Asset) -> dict[str, Any]:
    document, spec = asset.document, context.assets.dashboards[slug]
    by_uuid = {identifier("chart", name): name for name in context.assets.charts}
    metadata = document["metadata"] or {}

    def name_of(meta: Mapping[str, Any]) -> str:
        uuid = str(meta.get("uuid"))
        if uuid not in by_uuid:
            raise layout.Unrepresentable(f"el gráfico {meta.get('sliceName')!r} no es de los archivos: escriba primero charts/<nombre>.yml y publíquelo")
        return by_uuid[uuid]

    grid = layout.read(document["position"], name_of)
    rows = grid["rows"]
    content: dict[str, Any] = {"title": document["dashboard_title"], "description": document.get("description") or ""}
    content["filters"] = _filters(context, slug, metadata.get("native_filter_configuration") or [])
    first = first_row(slug, spec)
    if first and rows and rows[0] == first.model_dump(exclude_unset=True):
        rows = rows[1:]
        if spec.status:
            content["status"] = spec.status
    content["rows"] = _kept(rows, spec.rows)
    tabs = {tab.title: tab.rows for tab in spec.tabs}
    content["tabs"] = [{"title": tab["title"], "rows": _kept(tab["rows"], tabs.get(tab["title"], []))} for tab in grid["tabs"]]
    content["colors"] = metadata.get("label_colors") or {}
    content["css"] = _own_css(document.get("css") or "")
    return {key: value for key, value in content.items() if value or key == "title"}


def _own_css(published: str) -> str:
    """The dashboard's own part of its CSS."""
    common = COMMON_CSS.rstrip()  # Superset's editor trims
    if not published.startswith(common):
        raise layout.Unrepresentable("cambió el CSS que es de todos los tableros: cámbielo en superset_assets/dashboard.css")
    return published[len(common) :].lstrip("\n")


def _kept(rows: list[dict], old: list[files.RowSpec]) -> list[dict]:
    """A heading and the charts under it are one row in a file that said so, two in Superset."""
    joined: list[dict] = []
    together = {row.heading for row in old if row.heading and row.charts}
    for row in rows:
        if joined and joined[-1].get("heading") in together and "charts" not in joined[-1] and "charts" in row:
            joined[-1] = {**joined[-1], **row}
        else:
            joined.append(row)
    return joined


def _filters(context: Context, slug: str, configured: list[dict]) -> dict[str, dict[str, Any]]:
    datasets = {identifier("dataset", name): name for name in context.assets.datasets}
    keys: dict[str, str] = {}
    for item in configured:
        own = item["id"].removeprefix(f"NATIVE_FILTER-{slug}-")
        known = own in context.assets.dashboards[slug].filters and item["id"] == filter_id(slug, own)
        keys[item["id"]] = own if known else _key(item["name"], set(keys.values()))
    found = {}
    for item in configured:
        fields = state.filter_fields(item, {})
        name = f"filtro {item.get('name')}"
        if item.get("type") == "DIVIDER" or fields["clase"] != "filter_select":
            raise layout.Unrepresentable(f"{name}: los archivos solo dicen filtros de valores")
        if fields["conjunto de datos"] not in datasets:
            raise layout.Unrepresentable(f"{name}: su conjunto de datos no es de los archivos")
        for unsaid in ("inverso", "busca todo", "otras condiciones"):
            if fields[unsaid]:
                raise layout.Unrepresentable(f"{name}: los archivos no pueden decir «{unsaid}»")
        if fields["alcance"] != ["ROOT_ID"]:
            raise layout.Unrepresentable(f"{name}: alcance por pestaña: en los archivos, un filtro llega a todo gráfico que tenga su columna")
        parents = fields["depende de"]
        if len(parents) > 1:
            raise layout.Unrepresentable(f"{name}: depende de más de un filtro")
        said = {
            "name": item["name"], "dataset": datasets[fields["conjunto de datos"]], "column": fields["columna"],
            "parent": keys.get(parents[0]) if parents else None, "sort": fields["orden"], "descending": not fields["ascendente"],
            "first": fields["primero"], "single": not fields["varios"], "default": fields["valor inicial"], "description": fields["descripción"],
        }
        found[keys[item["id"]]] = {k: v for k, v in said.items() if v}
    return found


def _key(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"\W+", "_", plain).strip("_") or "filtro"
    return next(key for i in range(1, 1000) if (key := base if i == 1 else f"{base}_{i}") not in taken)


# --- a chart ---


def _chart(context: Context, name: str, now: Asset, before: Asset) -> dict[str, Any]:
    """The chart's file with what changed: a field where the kind has one for it, else an option."""
    spec = context.assets.charts[name]
    content = spec.model_dump(mode="json", exclude_unset=True)
    document = now.document
    content["title"] = document["slice_name"]
    _set(content, "description", document.get("description") or "")
    if document["viz_type"] != spec.VIZ:
        raise layout.Unrepresentable(f"pasó de {spec.VIZ} a {document['viz_type']}: cambie `kind` en charts/{name}.yml")
    if not state.same(now.fields["conjunto de datos"], before.fields["conjunto de datos"]):
        raise layout.Unrepresentable(f"cambió de conjunto de datos: cambie `dataset` en charts/{name}.yml")
    options = dict(content.get("options", {}))
    for key, value in _changed_params(now, before):
        field = spec.PULLED.get(key)
        if field and (value is None or _names_only(value)):
            _set(content, field, value)
        elif isinstance(value, (list, dict)) and _has_formula(value):
            raise layout.Unrepresentable(f"{key}: fórmulas y filtros propios no van en un gráfico; un indicador se define en dbt/semantic")
        else:
            options[key] = value
    expanded = spec.model_validate({k: v for k, v in {**content, "options": {}}.items()}).expand(context).params
    # A new option that says what the kind says already is not said.
    old = content.get("options", {})
    _set(content, "options", {k: v for k, v in options.items() if old.get(k) == v or k not in expanded or not state.same(expanded[k], v)})
    return content


def _changed_params(now: Asset, before: Asset) -> Iterator[tuple[str, Any]]:
    for key in {**before.fields, **now.fields}:
        if key.startswith("params.") and not state.same(now.fields.get(key), before.fields.get(key)):
            yield key.removeprefix("params."), now.fields.get(key)


def _names_only(value: Any) -> bool:
    return all(isinstance(item, str) for item in value) if isinstance(value, list) else not isinstance(value, dict)


def _has_formula(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key in ("sqlExpression", "expressionType", "aggregate") or _has_formula(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_formula(item) for item in value)


def _set(content: dict[str, Any], key: str, value: Any) -> None:
    if value in (None, "", [], {}):
        content.pop(key, None)
    else:
        content[key] = value
