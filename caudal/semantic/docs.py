"""The Spanish KPI dictionary: an index (`docs/es/indicadores.md`), a page a folder (`docs/es/indicadores/`), and all of it as one HTML page
(`docs/es/indicadores.html`) whose drawings need no internet.

Reads the semantic layer and, for the lineage, dbt's `manifest.json` beside it. The same manifests give the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from . import diagram, examples
from .formats import value as written
from .labels import dimension_label
from .lineage import Lineage, lineage
from .model import Aggregate, Derived, Metric, Node, Ratio, SemanticLayer

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "es"
INDEX, PAGES, HTML = "indicadores.md", "indicadores", "indicadores.html"
UNITS = {"RD$": "RD$ (pesos dominicanos)", "%": "%", "m3": "m³", "dias": "días", "n": "cantidad", "RD$/m3": "RD$ por m³", "años": "años",
         "h": "horas", "min": "minutos", "m3/h": "m³ por hora", "veces": "veces"}
DIRECTIONS = {"up": "mientras más alto, mejor", "down": "mientras más bajo, mejor", "none": "informativo"}
MADE = "<!-- Página generada por `caudal metrics docs` desde dbt/semantic/: no la edite, cambie la definición. -->"


def dictionary(layer: SemanticLayer, manifest: dict) -> dict[str, str]:
    """File under `docs/es` → its text. `manifest` is dbt's manifest.json (for the tables each mart is made from)."""
    origins = {table: lineage(table, manifest) for table in sorted({m.model.table for m in layer.metrics.values() if m.model})}
    found = {INDEX: _index(layer, origins), HTML: _html(layer, origins)}
    for folder, metrics in layer.by_folder().items():
        lines = [MADE, f"# {folder}", "", "[Todos los indicadores](../indicadores.md)"]
        for metric in metrics:
            lines += ["", *_metric(metric, layer, origins)]
        found[f"{PAGES}/{slug(folder)}.md"] = "\n".join(lines) + "\n"
    return found


def _index(layer: SemanticLayer, origins: dict[str, Lineage]) -> str:
    lines = [
        MADE,
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
        lines.append(f"| **[{folder}]({PAGES}/{slug(folder)}.md)** | | | | |")
        lines += [
            f"| [{m.label_es}]({PAGES}/{slug(folder)}.md#{anchor(m.label_es)}) | {UNITS.get(m.unit, m.unit)} | {DIRECTIONS[m.direction]} "
            f"| {_threshold(m, m.warn)} | {_threshold(m, m.critical)} |"
            for m in metrics
        ]
    lines += ["", "## De dónde salen los datos", ""]
    for table, origin in origins.items():
        lines.append(f"- `marts.{table}`: se arma con {_list(origin.facts) or 'las tablas de origen'}. Vistas de paso: {_list(origin.staging)}. "
                     f"Tablas de origen: {_list(origin.sources)}.")
    return "\n".join(lines) + "\n"


def slug(folder: str) -> str:
    """The file name of a folder's page: `Consumo y medición` → `consumo-y-medicion`."""
    plain = "".join(c for c in unicodedata.normalize("NFD", folder.lower()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


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


def _facts(metric: Metric, layer: SemanticLayer) -> list[tuple[str, str]]:
    """(what, text) of a metric's sheet, in order; the same in Markdown and in HTML."""
    used_by = sorted(m.label_es for m in layer.metrics.values() if metric.name in m.depends_on)
    facts = [("Fórmula", metric.formula_es), ("Unidad", f"{UNITS.get(metric.unit, metric.unit)}; {DIRECTIONS[metric.direction]}")]
    if metric.warn is not None or metric.critical is not None:
        limits = [f"{name} con {_threshold(metric, x)}" for name, x in (("alerta", metric.warn), ("crítico", metric.critical)) if x is not None]
        facts.append(("Umbrales", "; ".join(limits)))
    facts += [
        ("Ejemplo", examples.invented(metric)),
        ("Responsable", metric.owner),
        ("Origen de la definición", metric.source),
        ("Se puede ver por", ", ".join(dimension_label(d).lower() for d in metric.model.dimensions)),
        ("Cálculo", f"`{computation(metric.node)}`"),
        ("Datos", f"`{metric.table}`, columnas {', '.join(f'`{c}`' for c in columns(metric.node))}"),
    ]
    if used_by:
        facts.append(("Entra en", ", ".join(used_by)))
    facts.append(("Nombre técnico", f"`{metric.name}`" + (f", definido en `dbt/{metric.file}`" if metric.file else "")))
    return facts


def _metric(metric: Metric, layer: SemanticLayer, origins: dict[str, Lineage]) -> list[str]:
    lines = [f"## {metric.label_es}", "", metric.description_es.strip(), ""]
    lines += [f"- **{what}:** {text}" for what, text in _facts(metric, layer)]
    return [*lines, "", *diagram.mermaid(metric, origins[metric.model.table])]


_TEMPLATE = """<!doctype html>
<html lang="es"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Indicadores</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#1c2733}
nav{columns:3 16rem}nav h3{break-after:avoid;margin:.5rem 0 0}nav ul{margin:0;padding-left:1rem}
section{border-top:1px solid #cfd8e3;padding-top:.5rem;break-inside:avoid}dt{font-weight:600}dd{margin:0 0 .25rem}
div{overflow-x:auto}svg rect{fill:#eef4fb;stroke:#3572b0}svg path{fill:none;stroke:#8aa4c0}svg text{font:12px ui-monospace,monospace;fill:#1c2733}
svg text.h{font-weight:600;fill:#5b6b7c}a{color:#1d5b99}code{font-size:.9em}
</style></head><body>
<h1>Indicadores</h1>
<p>Cada indicador se define una sola vez en la capa semántica; de ahí salen los tableros, los reportes, las alertas y el modelo de Power BI.</p>
<nav>{% for folder, metrics in folders %}<h3>{{ folder }}</h3><ul>{% for m in metrics %}<li><a href="#{{ m.metric.name }}">{{ m.metric.label_es }}</a></li>
{% endfor %}</ul>{% endfor %}</nav>
{% for folder, metrics in folders %}<h2>{{ folder }}</h2>
{% for m in metrics %}<section id="{{ m.metric.name }}"><h3>{{ m.metric.label_es }}</h3><p>{{ m.metric.description_es.strip() }}</p>
<dl>{% for what, text in m.facts %}<dt>{{ what }}</dt><dd>{{ text | code }}</dd>{% endfor %}</dl>
<div>{{ m.svg | safe }}</div></section>
{% endfor %}{% endfor %}</body></html>
"""


def _html(layer: SemanticLayer, origins: dict[str, Lineage]) -> str:
    environment = Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True)
    environment.filters["code"] = _with_code
    sheets = [
        (folder, [{"metric": m, "facts": _facts(m, layer), "svg": diagram.svg(m, origins[m.model.table])} for m in metrics])
        for folder, metrics in layer.by_folder().items()
    ]
    return environment.from_string(_TEMPLATE).render(folders=sheets)


def _with_code(text: str) -> Markup:
    """Escaped, with `code` between back quotes as <code>."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def write(target: Path, texts: dict[str, str]) -> None:
    """Write the dictionary under `target`; pages of folders that are no more go."""
    (target / PAGES).mkdir(parents=True, exist_ok=True)
    for name in stale(target, texts):
        (target / name).unlink(missing_ok=True)
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")


def stale(target: Path, texts: dict[str, str]) -> list[str]:
    """The files under `target` that are not what `texts` says: different, missing, or of a folder that is no more."""
    gone = [f"{PAGES}/{path.name}" for path in sorted((target / PAGES).glob("*.md")) if f"{PAGES}/{path.name}" not in texts]
    return gone + [name for name, text in texts.items() if not (target / name).exists() or (target / name).read_text(encoding="utf-8") != text]


def computation(node: Node) -> str:
    """The resolved computation, in the mart's column names: `Σ overdue_amount (último mes) ÷ Σ receivable_amount (último mes)`."""
    if isinstance(node, Aggregate):
        return f"{diagram.sign(node)}{node.expr}" + (" (último mes)" if node.last_by else "") + "".join(f" [{t}]" for t in node.where)
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
