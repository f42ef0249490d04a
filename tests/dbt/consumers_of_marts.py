"""Which marts each consumer reads, found where the consumer is written: dashboards, reports, alert rules, the Power BI model, the KPI commands.

Run as a script, from the checkout: prints the `depends_on` that each exposure should have.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

from caudal.semantic import SemanticLayer

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r"marts\.([a-z_0-9]+)")


def consumers(layer: SemanticLayer, manifest_folder: Path, models: set[str]) -> dict[str, set[str]]:
    """Path of each consumer under the checkout → names of the dbt models that it reads. `models`: those that exist."""
    found = {**dashboards(manifest_folder), **reports(layer, models)}
    found["alerts/rules"] = alerts(layer)
    found["geo/layers.yml"] = gis_layers(layer)
    found["powerbi/model.yml"] = power_bi(manifest_folder)
    found["caudal/semantic"] = {m.model.table for m in layer.metrics.values()} | named_in(ROOT / "caudal" / "semantic", layer, models)
    return found


def dashboards(manifest_folder: Path) -> dict[str, set[str]]:
    from superset_assets.context import load

    context, found = load(manifest=manifest_folder), {}
    for slug in context.assets.dashboards:
        read = set()
        for name in context.datasets_of(slug):
            relations = context.assets.datasets[name].relations()
            read |= {"mart_data_status" if r == "ops.data_status" else r.partition(".")[2] for r in relations}
        found[f"superset_assets/dashboards/{slug}.yml"] = read
    return found


def reports(layer: SemanticLayer, models: set[str]) -> dict[str, set[str]]:
    shared = named_in(ROOT / "reports" / "run.py", layer, models) | named_in(ROOT / "reports" / "status.py", layer, models) | {"mart_data_status"}
    packages = [p.parent for p in sorted((ROOT / "reports").glob("*/__init__.py")) if p.parent.name != "writers"]
    return {f"reports/{p.name}": named_in(p, layer, models) | shared for p in packages}


def alerts(layer: SemanticLayer) -> set[str]:
    from alerts.rulebook import MetricRule, RuleFile

    rules = [RuleFile(path).rule for path in sorted((ROOT / "alerts" / "rules").glob("*.yml"))]
    return {layer.metric(m).model.table for rule in rules if isinstance(rule, MetricRule) for m in rule.metrics} | {"mart_data_status"}


def gis_layers(layer: SemanticLayer) -> set[str]:
    from geo.layers import layers

    return {found.mart for found in layers().values()} | {layer.metric(m).model.table for found in layers().values() for m in found.metrics}


def power_bi(manifest_folder: Path) -> set[str]:
    from powerbi.design import read

    return {table.mart for table in read(manifest_folder).tables}


def named_in(path: Path, layer: SemanticLayer, models: set[str]) -> set[str]:
    """Marts that the Python files name: `marts.x` in a text, a text that is a model's name, or a metric's name (then its mart)."""
    found: set[str] = set()
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(_NAMED.findall(node.value)) & models
                if node.value in models:
                    found.add(node.value)
                elif node.value in layer.metrics:
                    found.add(layer.metric(node.value).model.table)
    return found


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from parsed_manifest import parsed_manifest

    from caudal.semantic import load as load_layer

    target = parsed_manifest()
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    for path, marts in consumers(load_layer(target), target, {n["name"] for n in nodes if n["resource_type"] == "model"}).items():
        print(f"\n# {path}\n    depends_on:", *(f"      - ref('{mart}')" for mart in sorted(marts)), sep="\n")
