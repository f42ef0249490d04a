"""The Spanish KPI page, `docs/es/indicadores.md`: every metric's definition, unit, thresholds, owner and lineage, from the manifest alone.

Reads the semantic layer and, for the lineage, dbt's `manifest.json` beside it. The same manifest gives the same bytes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

from .errors import ManifestMissing
from .formats import value as written
from .model import Aggregate, Derived, Metric, Node, Ratio, SemanticLayer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "es" / "indicadores.md"
UNITS = {"RD$": "RD$ (pesos dominicanos)", "%": "%", "m3": "m³", "dias": "días", "n": "cantidad", "RD$/m3": "RD$ por m³"}
DIRECTIONS = {"up": "mientras más alto, mejor", "down": "mientras más bajo, mejor", "none": "informativo"}
DIMENSIONS = {
    "period_month": "mes", "municipality_name": "municipio", "sector_code": "código del sector", "sector_name": "sector comercial",
    "user_type_name": "tipo de usuario", "ageing_bucket": "antigüedad", "ageing_bucket_order": "orden de la antigüedad",
}


def page(layer: SemanticLayer, manifest: dict) -> str:
    """The page's text. `manifest` is dbt's manifest.json (for the tables each mart is made from)."""
    lines = [
        "<!-- Página generada por `caudal metrics docs` desde dbt/semantic/: no la edite, cambie la definición. -->",
        "# Indicadores",
        "",
        "Cada indicador se define una sola vez, y de esa definición salen los tableros, los reportes, las alertas y el modelo de Power BI:",
        "el mismo indicador da el mismo número en todas partes. Los meses son los cerrados. Los saldos (cuentas por cobrar, contratos) son los",
        "del cierre: en un rango de meses valen lo que el último. Las razones dividen sumas entre sumas; nunca promedian razones.",
        "",
        "| Indicador | Unidad | Bueno | Alerta | Crítico |",
        "| --- | --- | --- | --- | --- |",
    ]
    for folder, metrics in layer.by_folder().items():
        lines.append(f"| **{folder}** | | | | |")
        lines += [
            f"| [{m.label_es}](#{anchor(m.label_es)}) | {UNITS.get(m.unit, m.unit)} | {DIRECTIONS[m.direction]} "
            f"| {_threshold(m, m.warn)} | {_threshold(m, m.critical)} |"
            for m in metrics
        ]
    for folder, metrics in layer.by_folder().items():
        lines += ["", f"## {folder}"]
        for metric in metrics:
            lines += ["", *_metric(metric, layer)]
    lines += ["", "## De dónde salen los datos", ""]
    for table in sorted({m.model.table for m in layer.metrics.values() if m.model}):
        facts, sources = lineage(table, manifest)
        lines.append(f"- `marts.{table}`: se arma con {_list(facts)}. Tablas de origen: {_list(sources)}.")
    return "\n".join(lines) + "\n"


def anchor(heading: str) -> str:
    """GitHub's anchor of a heading: lower case, punctuation dropped, spaces to hyphens, accents kept."""
    text = unicodedata.normalize("NFC", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _threshold(metric: Metric, limit: object) -> str:
    if limit is None:
        return "—"
    return ("menos de " if metric.direction == "up" else "más de ") + written(metric, limit)


def _list(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _metric(metric: Metric, layer: SemanticLayer) -> list[str]:
    used_by = sorted(m.label_es for m in layer.metrics.values() if metric.name in m.depends_on)
    lines = [
        f"### {metric.label_es}",
        "",
        metric.description_es.strip(),
        "",
        f"- **Fórmula:** {metric.formula_es}",
        f"- **Unidad:** {UNITS.get(metric.unit, metric.unit)}; {DIRECTIONS[metric.direction]}",
    ]
    if metric.warn is not None or metric.critical is not None:
        limits = [f"{name} con {_threshold(metric, x)}" for name, x in (("alerta", metric.warn), ("crítico", metric.critical)) if x is not None]
        lines.append(f"- **Umbrales:** {'; '.join(limits)}")
    lines += [
        f"- **Responsable:** {metric.owner}",
        f"- **Origen de la definición:** {metric.source}",
        f"- **Se puede ver por:** {', '.join(DIMENSIONS.get(d, d) for d in metric.dimensions)}",
        f"- **Cálculo:** `{computation(metric.node)}`",
        f"- **Datos:** `{metric.table}`, columnas {', '.join(f'`{c}`' for c in columns(metric.node))} ([de dónde salen](#de-dónde-salen-los-datos))",
    ]
    if used_by:
        lines.append(f"- **Entra en:** {', '.join(used_by)}")
    lines.append(f"- **Nombre técnico:** `{metric.name}`, definido en `dbt/{metric.file}`" if metric.file else f"- **Nombre técnico:** `{metric.name}`")
    return lines


def computation(node: Node) -> str:
    """The resolved computation, in the mart's column names: `Σ overdue_amount (último mes) ÷ Σ receivable_amount (último mes)`."""
    if isinstance(node, Aggregate):
        sign = "Σ" if node.agg == "sum" else node.agg
        return f"{sign} {node.expr}" + (" (último mes)" if node.last_by else "") + "".join(f" [{t}]" for t in node.where)
    if isinstance(node, Ratio):
        return f"{computation(node.numerator)} ÷ {computation(node.denominator)}"
    if isinstance(node, Derived):
        parts = re.split(r"(\w+)", node.expr)
        return "".join(f"({computation(node.inputs[p])})" if p in node.inputs else p for p in parts).replace(" * ", " × ")
    return node.reason


def columns(node: Node) -> list[str]:
    """The mart's columns that the metric reads."""
    if isinstance(node, Aggregate):
        return [node.expr]
    children = [node.numerator, node.denominator] if isinstance(node, Ratio) else list(node.inputs.values()) if isinstance(node, Derived) else []
    return list(dict.fromkeys(c for child in children for c in columns(child)))


def lineage(mart: str, manifest: dict) -> tuple[list[str], list[str]]:
    """The facts that the mart is made from, and the raw tables at the bottom, by name."""
    nodes, parents = manifest["nodes"], manifest["parent_map"]
    start = next(k for k, n in nodes.items() if n["resource_type"] == "model" and n["name"] == mart)
    facts, sources, todo, seen = set(), set(), list(parents[start]), set()
    while todo:
        key = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        if key.startswith("source."):
            source = manifest["sources"][key]
            sources.add(f"{source['schema']}.{source['identifier']}")
        elif key.startswith("model."):
            if nodes[key]["name"].startswith("fct_"):
                facts.add(nodes[key]["name"])
            todo += parents[key]
    return sorted(facts), sorted(sources)


def load_manifest(semantic_manifest: Path) -> dict:
    """dbt's manifest.json beside the semantic manifest. Raises ManifestMissing."""
    path = semantic_manifest.with_name("manifest.json")
    if not path.exists():
        raise ManifestMissing(f"there is no dbt manifest at {path}: run `caudal build` first")
    return json.loads(path.read_text(encoding="utf-8"))
