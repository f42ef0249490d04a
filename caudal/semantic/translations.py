"""Whether every public metric can be said exactly in every consumer's language. `caudal build` asks before it publishes.

Reads the manifests that dbt has just written. A metric that only one consumer cannot have is still no metric: it fails the build, and is not
left out or approximated for that one.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from . import dax, formats, sql
from .errors import SemanticError
from .model import Metric, SemanticLayer
from .reader import load

_FIXED = re.compile(r"\w+\(\d+(,[0-4])?\)\Z")

LANGUAGES: dict[str, Callable[[Metric], object]] = {
    "SQL (Superset, alertas, reportes)": sql.expression,
    "DAX (Power BI)": lambda metric: dax.expression(metric, "t"),
    "formato": formats.d3_parts,
}


def check(folder: Path) -> list[str]:
    """What is wrong with the metrics of the manifests in `folder`, in Spanish; empty when every consumer can have every metric."""
    try:
        layer = load(folder)
    except SemanticError as error:
        return [f"capa semántica: {error}"]
    nodes = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    models = {n["name"]: n for n in nodes if n["resource_type"] == "model"}
    private = {name for name, n in models.items() if n["config"].get("meta", {}).get("pii")}
    types = {name: {c: column.get("data_type") or "" for c, column in n["columns"].items()} for name, n in models.items()}
    return problems(layer, private) + too_fine(layer, types)


def too_fine(layer: SemanticLayer, types: dict[str, dict[str, str]]) -> list[str]:
    """Metrics over a decimal that Power BI cannot hold: its Fixed Decimal has four places. `types`: mart → column → type of the contract."""
    found = []
    for metric in layer.metrics.values():
        try:
            read = sql.columns(metric)
        except SemanticError:
            continue  # told already
        for column in read:
            kind = types.get(metric.model.table, {}).get(column, "").replace(" ", "")
            if kind.startswith(("numeric", "decimal")) and not _FIXED.match(kind):
                found.append(f"indicador {metric.name}: {metric.model.table}.{column} es {kind}; Power BI guarda cuatro decimales: use numeric(18,4) o menos, "
                             "o cuente enteros")
    return found


def problems(layer: SemanticLayer, private: set[str] = frozenset()) -> list[str]:
    """The same, of a layer. `private`: marts that hold personal data, which the consumers' role cannot read."""
    found = []
    labels: dict[str, list[str]] = defaultdict(list)
    for metric in layer.metrics.values():
        labels[metric.label_es.casefold()].append(metric.name)
        for language, translate in LANGUAGES.items():
            try:
                translate(metric)
            except SemanticError as error:
                found.append(f"indicador {metric.name}: no se puede traducir a {language}: {error}")
        if metric.model and metric.model.table in private:
            found.append(f"indicador {metric.name}: {metric.model.table} tiene datos personales; un indicador se lee con caudal_read")
    found += [f"indicadores {' y '.join(names)}: tienen la misma etiqueta (label_es)" for names in labels.values() if len(names) > 1]
    return found
