"""Where a mart comes from, by dbt's manifest: facts, staging views, raw tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from .errors import ManifestMissing


class Lineage(NamedTuple):
    """Names, each in alphabetical order."""

    facts: list[str]
    staging: list[str]
    sources: list[str]


def lineage(mart: str, manifest: dict) -> Lineage:
    """Everything above the mart `mart`. `manifest` is dbt's manifest.json."""
    nodes, parents = manifest["nodes"], manifest["parent_map"]
    start = next(k for k, n in nodes.items() if n["resource_type"] == "model" and n["name"] == mart)
    facts, staging, sources, todo, seen = set(), set(), set(), list(parents[start]), set()
    while todo:
        key = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        if key.startswith("source."):
            source = manifest["sources"][key]
            sources.add(f"{source['schema']}.{source['identifier']}")
            continue
        name = nodes[key]["name"] if key in nodes else ""
        if name.startswith("fct_"):
            facts.add(name)
        elif name.startswith("stg_"):
            staging.add(name)
        todo += parents.get(key, [])
    return Lineage(sorted(facts), sorted(staging), sorted(sources))


def load_manifest(semantic_manifest: Path) -> dict:
    """dbt's manifest.json beside the semantic manifest. Raises ManifestMissing."""
    path = semantic_manifest.with_name("manifest.json")
    if not path.exists():
        raise ManifestMissing(f"there is no dbt manifest at {path}: run `caudal build` first")
    return json.loads(path.read_text(encoding="utf-8"))
