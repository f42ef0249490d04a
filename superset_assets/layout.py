"""Superset's grid → rows, tabs and texts as a dashboard's file says them: for the diff before a publication, and for `pull`.

Raises Unrepresentable, naming it, for what no file can say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

HEIGHT = 50  # RowSpec's own


class Unrepresentable(Exception):
    """Something made on the screen that the files have no words for. The message names it, in Spanish."""


def read(position: dict[str, Any], name_of: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    """`{"rows": […], "tabs": […]}` in the files' words. `name_of` gives a chart's name by the cell's meta."""
    names: Counter[str] = Counter()
    rows: list[dict] = []
    tabs: list[dict] = []
    for top in _children(position, position["ROOT_ID"]):
        for item in _children(position, top) if top["type"] == "GRID" else [top]:
            if item["type"] != "TABS":
                if tabs:
                    raise Unrepresentable("hay filas debajo de las pestañas: póngalas arriba o dentro de una")
                rows += _row(position, item, name_of, names)
                continue
            if tabs:
                raise Unrepresentable("hay más de un juego de pestañas")
            for tab in _children(position, item):
                inside = [row for child in _children(position, tab) for row in _row(position, child, name_of, names)]
                tabs.append({"title": tab["meta"].get("text") or "Pestaña", "rows": inside})
    return {"rows": rows, "tabs": tabs}


def _children(position: dict[str, Any], item: dict[str, Any]) -> list[dict[str, Any]]:
    return [position[key] for key in item.get("children", [])]


def _row(position: dict[str, Any], item: dict[str, Any], name_of: Callable, names: Counter) -> list[dict]:
    if item["type"] == "HEADER":
        return [{"heading": item["meta"].get("text", "")}]
    if item["type"] in ("CHART", "MARKDOWN"):  # alone in the grid
        cells = [item]
    elif item["type"] == "ROW":
        cells = _children(position, item)
    else:
        raise Unrepresentable(f"{_WORDS.get(item['type'], item['type'])}: los archivos solo dicen filas, títulos, textos, gráficos y un juego de pestañas")
    if not cells:
        return []  # an empty row is drawn as nothing
    made: dict[str, dict[str, Any]] = {}
    for cell in cells:
        meta = cell["meta"]
        if cell["type"] == "CHART":
            name, own = name_of(meta), {"title": meta["sliceNameOverride"]} if meta.get("sliceNameOverride") else {}
        elif cell["type"] == "MARKDOWN":
            name, own = _text_name(cell["id"], names), {"text": meta.get("code", "")}
        else:
            raise Unrepresentable(f"{_WORDS.get(cell['type'], cell['type'])} dentro de una fila")
        names[name] += 1
        if names[name] > 1:
            raise Unrepresentable(f"{name} está dos veces en el tablero")
        made[name] = {"width": meta["width"], "height": meta.get("height", HEIGHT), **own}
    height = Counter(cell["height"] for cell in made.values()).most_common(1)[0][0]
    charts = {}
    for name, cell in made.items():
        said = {k: v for k, v in cell.items() if k != "height" or v != height}
        charts[name] = said["width"] if list(said) == ["width"] else said
    return [{"height": height, "charts": charts}]


def _text_name(key: str, names: Counter) -> str:
    """A text's own name where the publisher gave it one; one made on the screen gets a number."""
    own = key.removeprefix("MARKDOWN-")
    if own.isidentifier() and own == own.lower():
        return own
    return next(name for i in range(1, 1000) if (name := f"texto_{i}") not in names)


_WORDS = {"COLUMN": "una columna", "DIVIDER": "una línea divisoria", "TABS": "pestañas dentro de una pestaña", "DYNAMIC": "un componente dinámico"}
