"""How a metric is derived, drawn: metric → measures → mart → facts, as Mermaid (Markdown) and as SVG (a page that asks nothing of the internet)."""

from __future__ import annotations

import itertools
from html import escape

from .lineage import Lineage
from .model import Aggregate, Metric, leaves

_SIGNS = {"sum": "Σ ", "count": "n.º ", "count_distinct": "n.º distinto ", "min": "mín. ", "max": "máx. ", "average": "media "}
_HEADINGS = ("Indicador", "Medidas", "Mart", "Hechos")
_CHARACTER, _LINE, _GAP = 7, 24, 60  # px: a character's width, a box's height, between columns


def sign(leaf: Aggregate) -> str:
    """`Σ `, `mediana `, `percentil 90 `: the aggregation, before a column's name."""
    if leaf.agg == "percentile":
        return "mediana " if leaf.percentile * 2 == 1 else f"percentil {(leaf.percentile * 100).normalize():f} "
    return _SIGNS.get(leaf.agg, f"{leaf.agg} ")


def layers(metric: Metric, origin: Lineage) -> list[list[str]]:
    """The columns of the drawing; each box of one leads to each of the next."""
    measures = dict.fromkeys(f"{sign(leaf)}{leaf.expr}" + (" (último mes)" if leaf.last_by else "") for leaf in leaves(metric.node))
    return [[metric.label_es], list(measures), [metric.model.table], origin.facts or origin.staging]


def mermaid(metric: Metric, origin: Lineage) -> list[str]:
    """The lines of a Mermaid block."""
    columns = layers(metric, origin)
    names = [[f"{'imtf'[i]}{j}" for j, _ in enumerate(column)] for i, column in enumerate(columns)]
    lines = ["```mermaid", "flowchart LR"]
    for column, own in zip(columns, names, strict=True):
        lines += [f'  {name}["{text.replace(chr(34), chr(39))}"]' for name, text in zip(own, column, strict=True)]
    for left, right in itertools.pairwise(names):
        if left and right:
            lines.append(f"  {' & '.join(left)} --> {' & '.join(right)}")
    return [*lines, "```"]


def svg(metric: Metric, origin: Lineage) -> str:
    """The same as an SVG of its own."""
    columns = layers(metric, origin)
    height = max(len(column) for column in columns) * (_LINE + 8) + 30
    boxes: list[list[tuple[float, float, float, str]]] = []
    x = 4.0
    for column in columns:
        width = max([len(text) for text in column], default=0) * _CHARACTER + 16
        top = 26 + (height - 30 - len(column) * (_LINE + 8)) / 2
        boxes.append([(x, top + i * (_LINE + 8), width, text) for i, text in enumerate(column)])
        x += width + _GAP
    total = x - _GAP + 4
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total:.0f} {height:.0f}" width="{total:.0f}" height="{height:.0f}" role="img">',
             f"<title>Cómo se obtiene: {escape(metric.label_es)}</title>"]
    for left, right in itertools.pairwise(boxes):
        for ax, ay, width, _ in left:
            for bx, by, _, _ in right:
                start, end, middle = ax + width, bx, (ax + width + bx) / 2
                ya, yb = ay + _LINE / 2, by + _LINE / 2
                parts.append(f'<path d="M{start:.0f} {ya:.0f}C{middle:.0f} {ya:.0f} {middle:.0f} {yb:.0f} {end:.0f} {yb:.0f}"/>')
    for heading, column in zip(_HEADINGS, boxes, strict=True):
        if column:
            parts.append(f'<text class="h" x="{column[0][0]:.0f}" y="14">{heading}</text>')
        for bx, by, width, text in column:
            parts.append(f'<rect x="{bx:.0f}" y="{by:.0f}" width="{width:.0f}" height="{_LINE}" rx="4"/>'
                         f'<text x="{bx + 8:.0f}" y="{by + 16:.0f}">{escape(text)}</text>')
    return "".join(parts) + "</svg>"
