"""The Spanish pages of the dashboards: an index (`docs/es/tableros.md`) and a page each (`docs/es/tableros/<dashboard>.md`), and the same as HTML
for `caudal docs serve`. A dashboard links to its page when `CAUDAL_DOCS_URL` says where the pages are served (`link`).

Reads the files of this package, the semantic layer and dbt's manifest. The same files give the same bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from caudal.semantic import Metric
from caudal.semantic.docs import DIRECTIONS, UNITS, anchor
from caudal.semantic.docs import slug as folder_slug
from caudal.semantic.formats import value as written
from caudal.settings import ROOT, settings

from .checks import filtered
from .context import Context
from .files import CellSpec, DashboardSpec, DatasetSpec, FilterSpec, RowSpec

INDEX, PAGES, IMAGES = "tableros.md", "tableros", ROOT / "docs" / "img" / "tableros"
MADE = "<!-- Página generada por `caudal superset docs` desde superset_assets/ y dbt/semantic/: no la edite, cambie los archivos. -->"
REFRESH = (
    "Cada noche (02:00), después de la carga de Odoo, los marts se construyen de nuevo y se publican solo si pasan todas las pruebas; entonces se publican los "
    "tableros y se llena su caché. La fecha y hora de la última carga, y si pasó sus pruebas, están arriba en el tablero, en «Estado de los datos»."
)
PHONE_AND_PAPER = (
    "En el teléfono los gráficos van uno debajo de otro y los filtros se abren con el botón del embudo, abajo a la derecha. Para imprimir o guardar como PDF, use "
    "«Imprimir» del navegador en la pestaña que interesa: salen todos sus gráficos, sin menú ni filtros, en hojas A4 apaisadas."
)
ROWS = "Cada persona ve las filas de sus municipios y sectores ([quién ve qué](../tableros_seguridad.md))."
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#1c2733}a{color:#1d5b99}code{font-size:.9em}
img{max-width:100%;border:1px solid #cfd8e3}table{border-collapse:collapse}td,th{border:1px solid #cfd8e3;padding:.25rem .5rem;text-align:left}"""


def link(slug: str) -> str | None:
    """Where a dashboard's page is served; None when nobody said where (`CAUDAL_DOCS_URL`, as `caudal docs serve` prints it)."""
    settings()  # adds <home>/site.env to the environment
    address = os.environ.get("CAUDAL_DOCS_URL", "").rstrip("/")
    return f"{address}/{PAGES}/{slug}.html" if address else None


def pages(context: Context, manifest: Mapping[str, Any]) -> dict[str, str]:
    """File under `docs/es` → its text. `manifest` is dbt's manifest.json (for who answers for each dashboard)."""
    found = {INDEX: _index(context, manifest)}
    return found | {f"{PAGES}/{slug}.md": _page(context, manifest, slug) for slug in context.assets.dashboards}


def html(context: Context, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The same pages for a browser: file under the served folder → its text. Pictures are beside them, under `img/tableros`."""
    return {name.removesuffix(".md") + ".html": _as_html(context, text) for name, text in pages(context, manifest).items()}


def write(target: Path, texts: Mapping[str, str]) -> None:
    """Write the pages under `target`; those of dashboards that are no more go."""
    (target / PAGES).mkdir(parents=True, exist_ok=True)
    for name in stale(target, texts):
        (target / name).unlink(missing_ok=True)
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")


def stale(target: Path, texts: Mapping[str, str]) -> list[str]:
    """The files under `target` that are not what `texts` says: different, missing, or of a dashboard that is no more."""
    gone = [f"{PAGES}/{path.name}" for path in sorted((target / PAGES).glob("*")) if f"{PAGES}/{path.name}" not in texts]
    return gone + [name for name, text in texts.items() if not (target / name).exists() or (target / name).read_text(encoding="utf-8") != text]


def meaning(context: Context, name: str) -> str:
    """What a chart shows: its description, or that of its only indicator."""
    spec = context.assets.charts[name]
    metrics = _metrics(context, name)
    return (spec.description or (metrics[0].description_es if len(metrics) == 1 else "")).strip()


def _metrics(context: Context, name: str) -> list[Metric]:
    return [context.layer.metric(metric) for metric in dict.fromkeys(metric for _, metric in context.assets.charts[name].metrics_in())]


# --- the index ---


def _index(context: Context, manifest: Mapping[str, Any]) -> str:
    lines = [
        MADE,
        "# Tableros",
        "",
        "Qué responde cada tablero, qué significa cada gráfico y de dónde sale cada cifra. Quién ve qué filas: [tableros_seguridad.md](tableros_seguridad.md).",
        "Las fórmulas son las del [diccionario de indicadores](indicadores.md): un tablero no calcula nada por su cuenta.",
        "",
        f"**Actualización.** {REFRESH}",
        "",
        f"**Teléfono y papel.** {PHONE_AND_PAPER}",
        "",
        "| Tablero | Qué responde | Responsable | Lo abren |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{_cell(board.title)}]({PAGES}/{slug}.md) | {_cell(board.description)} | {_cell(_owner(context, manifest, slug))} | {', '.join(_roles(context, slug))} |"
        for slug, board in context.assets.dashboards.items()
    ]
    return "\n".join(lines) + "\n"


def _roles(context: Context, slug: str) -> list[str]:
    return [role.title for name, role in context.assets.roles.items() if slug in context.dashboards_of(name)]


def _owner(context: Context, manifest: Mapping[str, Any], slug: str) -> str:
    """Who dbt's exposure of the dashboard says, else who answers for most of its indicators."""
    path = f"superset_assets/dashboards/{slug}.yml"
    for exposure in manifest["exposures"].values():
        if exposure["config"].get("meta", {}).get("path", exposure.get("meta", {}).get("path")) == path:
            return exposure["owner"]["name"]
    owners = [metric.owner for name in context.assets.dashboards[slug].chart_names() for metric in _metrics(context, name)]
    return max(sorted(set(owners)), key=owners.count, default="—")


# --- a page ---


def _page(context: Context, manifest: Mapping[str, Any], slug: str) -> str:
    board = context.assets.dashboards[slug]
    lines = [
        MADE,
        f"# {board.title}",
        "",
        "[Todos los tableros](../tableros.md)",
        "",
        board.description.strip(),
        "",
        f"![Tablero {board.title}](../../img/tableros/{slug}.png)",
        "",
        f"- **Responsable:** {_owner(context, manifest, slug)}",
        f"- **Lo abren:** {', '.join(_roles(context, slug)) or 'solo la administración'}. {ROWS}",
        f"- **Dirección:** `/superset/dashboard/{slug}/`",
        f"- **Actualización:** {REFRESH}",
        *_filters(board),
        *_section(context, board, "Arriba", board.top()),
    ]
    for tab in board.tabs:
        lines += _section(context, board, f"Pestaña «{tab.title}»", tab.rows)
    return "\n".join(lines) + "\n"


def _filters(board: DashboardSpec) -> list[str]:
    if not board.filters:
        return []
    return ["", "## Filtros", "", "Un filtro cambia los gráficos cuyos datos tienen su columna; cada gráfico dice abajo cuáles son.", "",
            *(f"- **{item.name}.** {_filter_text(board, item)}" for item in board.filters.values())]


def _filter_text(board: DashboardSpec, item: FilterSpec) -> str:
    said = [item.description.strip().rstrip(".")] if item.description else []
    if item.parent:
        said.append(f"Ofrece los valores de lo elegido en «{board.filters[item.parent].name}»")
    if item.default:
        said.append(f"Al abrir: {', '.join(item.default)}")
    elif not item.first:
        said.append("Al abrir, todos")
    said.append("Un valor a la vez" if item.single else "Uno o varios valores")
    return ". ".join(said) + "."


def _section(context: Context, board: DashboardSpec, title: str, rows: list[RowSpec]) -> list[str]:
    lines = ["", f"## {title}"]
    for row in rows:
        lines += ["", f"**{row.heading}**"] if row.heading else []
        for name, cell in row.cells().items():
            if cell.text is None:
                lines += _chart(context, board, name, cell)
    return lines


def _chart(context: Context, board: DashboardSpec, name: str, cell: CellSpec) -> list[str]:
    spec = context.assets.charts[name]
    dataset = context.assets.datasets[spec.dataset]
    reached = [item.name for item in board.filters.values() if filtered(context, item.column, name)]
    lines = ["", f"### {cell.title or spec.title}", "", meaning(context, name), ""]
    lines += [f"- **Indicador:** {_metric(metric)}" for metric in _metrics(context, name)]
    lines += [
        f"- **Datos:** {dataset.title}. {_sentence(dataset.description)} Origen: {', '.join(f'`{r}`' for r in _origins(dataset))}."
        + (" Tiene datos personales: solo para los roles que los tratan." if dataset.pii else "")
        + (" Es de toda la empresa: sale vacío a quien solo ve algunos municipios o sectores." if context.is_of_the_whole_utility(spec.dataset) else ""),
        f"- **Filtros:** {', '.join(reached) or 'ninguno'}",
    ]
    owners = list(dict.fromkeys(metric.owner for metric in _metrics(context, name)))
    return [*lines, f"- **Responsable:** {', '.join(owners)}"] if owners else lines


def _metric(metric: Metric) -> str:
    said = [f"[{metric.label_es}](../indicadores/{folder_slug(metric.folder)}.md#{anchor(metric.label_es)}) = {metric.formula_es.rstrip('.')}",
            f"Unidad: {UNITS.get(metric.unit, metric.unit)}; {DIRECTIONS[metric.direction]}"]
    word = "menos de" if metric.direction == "up" else "más de"
    limits = [f"{name} con {word} {written(metric, x)}" for name, x in (("alerta", metric.warn), ("crítico", metric.critical)) if x is not None]
    return ". ".join([*said, *([f"Umbrales: {', '.join(limits)}"] if limits else [])]) + "."


def _origins(dataset: DatasetSpec) -> list[str]:
    """What the dataset reads, its own mart first."""
    return sorted(dataset.relations(), key=lambda relation: relation.removeprefix("marts.") not in dataset.models)


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- for a browser ---


def _as_html(context: Context, text: str) -> str:
    """Markdown → a page that asks nothing of the network. Links to pages that are not served become plain text."""
    by_anchor = {f"../indicadores/{folder_slug(m.folder)}.md#{anchor(m.label_es)}": m.name for m in context.layer.metrics.values()}
    text = text.removeprefix(MADE + "\n").replace("../../img/", "../img/")
    text = re.sub(r"(?<!!)\[([^\]]*)\]\(([^)]*)\)", lambda found: _link(found[1], found[2], by_anchor), text)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    title = text.splitlines()[0].removeprefix("# ")
    return (f'<!doctype html>\n<html lang="es"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title>\n<style>\n{_STYLE}\n</style></head><body>\n{body}</body></html>\n")


def _link(shown: str, target: str, by_anchor: Mapping[str, str]) -> str:
    if target in by_anchor:
        return f"[{shown}](../indicadores.html#{by_anchor[target]})"
    page = target.removesuffix(".md")
    if page.rsplit("/", 1)[-1] == "tableros_seguridad":
        return shown
    return f"[{shown}]({page}.html)"
