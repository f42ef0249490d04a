"""What the expansion works from: the files, the semantic layer of the last build, dbt's manifest, and stable identifiers.

Reads `<home>/manifest/semantic_manifest.json` and `manifest.json`, left there by `caudal build`.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from caudal import semantic
from caudal.semantic import Metric, SemanticLayer
from caudal.semantic.errors import ManifestMissing
from caudal.semantic.labels import dimension_label, model_label
from caudal.settings import settings

from .chart_kinds.base import d3_format, is_ratio
from .files import AssetError, Assets, ColumnSpec, DatasetSpec, read
from .security_names import RESERVED
from .short_datasets import period

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://caudal.invalid/superset")  # fixed for ever: charts keep their address and favourites
DATABASE, PII_DATABASE = "caudal", "caudal_pii"  # Superset's connections, each as the database's role of what it may read
TEXT_SUFFIX = "_texto"
MONTH = "period_month"
PERIOD_LABEL = ColumnSpec(**period(MONTH))


def identifier(kind: str, slug: str) -> str:
    """The same UUID for the same file, on every machine."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{slug}"))


@dataclass(frozen=True)
class Context:
    """Files, metrics and the columns of the marts (model → column → {data_type, description})."""

    assets: Assets
    layer: SemanticLayer
    columns: dict[str, dict[str, dict[str, Any]]]
    pii_models: frozenset[str] = frozenset()
    whole_models: frozenset[str] = frozenset()  # of no place, and only for who sees all of the utility

    def label(self, column: str) -> str:
        """The short Spanish name of a mart's column."""
        return self.assets.labels.get(column) or dimension_label(column)

    def metrics_of(self, slug: str) -> dict[str, Metric]:
        """The KPIs that the dataset carries, by name."""
        spec = self.assets.datasets[slug]
        if spec.metrics == "none":
            return {}
        mart = self.layer.models[spec.semantic_model].relation if spec.semantic_model in self.layer.models else None
        of_model = {m.name: m for m in self.layer.metrics.values() if m.table and m.table == mart}
        return {n: m for n, m in of_model.items() if spec.metrics == "all" or is_ratio(m)}

    def columns_of(self, slug: str) -> dict[str, dict[str, Any]]:
        """The mart columns of the dataset and its own, in order."""
        spec = self.assets.datasets[slug]
        found: dict[str, dict[str, Any]] = {}
        for model in spec.models:
            found |= {n: c for n, c in self.columns.get(model, {}).items() if not spec.only or n in spec.only}
        for name, own in spec.columns.items():
            found[name] = {"data_type": own.type, "description": own.description, "label": own.label, "expression": own.expression}
        return found

    def database_of(self, slug: str) -> str:
        """The connection that reads the dataset."""
        return PII_DATABASE if self.assets.datasets[slug].pii else DATABASE

    def row_rule(self, slug: str) -> str | None:
        """The row rule of the dataset: the one that names it, else the one whose columns it has."""
        rules, columns = self.assets.row_rules, self.columns_of(slug)
        named = [name for name, rule in rules.items() if slug in rule.datasets]
        having = [name for name, rule in rules.items() if not rule.datasets and {rule.municipality, rule.sector} - {None} <= set(columns)]
        return next(iter([*named, *having]), None)

    def is_of_the_whole_utility(self, slug: str) -> bool:
        """Whether the dataset shows rows only to who sees all of the utility."""
        rule = self.row_rule(slug)
        return rule is not None and self.assets.row_rules[rule].whole_utility

    def reserved_column(self, slug: str) -> str | None:
        """The column that is true on those rows of the dataset that only who sees all of the utility is shown."""
        rule = self.row_rule(slug)
        return self.assets.row_rules[rule].reserved if rule else None

    def datasets_of(self, slug: str) -> set[str]:
        """The datasets of a dashboard's charts and filters."""
        board = self.assets.dashboards[slug]
        return {self.assets.charts[name].dataset for name in board.chart_names()} | {item.dataset for item in board.filters.values()}

    def dashboards_of(self, role: str) -> list[str]:
        """The dashboards that a role opens."""
        wanted = self.assets.roles[role].dashboards
        return list(self.assets.dashboards) if wanted == "all" else wanted

    def text_metric(self, slug: str, name: str) -> str | None:
        """The name of the metric written out as text, where the dataset has it."""
        return f"{name}{TEXT_SUFFIX}" if name in self.assets.datasets[slug].text_metrics else None


def generated_datasets(assets: Assets, layer: SemanticLayer, columns: dict[str, dict]) -> dict[str, DatasetSpec]:
    """A dataset, named as the mart, of each mart with metrics that no file describes: so every metric can be charted as soon as it is defined.

    Not of one with reserved rows: its rule would be that of its sectors, which Superset applies inside the SQL datasets over it as well, and who sees
    one sector would be shown nothing of the whole utility.
    """
    written = {spec.relation or f"marts.{slug}" for slug, spec in assets.datasets.items() if not spec.sql} | {f"marts.{s}" for s in assets.datasets}
    found = {}
    for model in layer.models.values():
        has_metrics = any(m.table == model.relation for m in layer.metrics.values())
        if not has_metrics or model.relation in written or model.table in found or RESERVED in columns.get(model.table, {}):
            continue
        has_month = any(d.name == MONTH for d in model.dimensions)
        found[model.table] = DatasetSpec(
            title=model_label(model), description=model.description or model_label(model), relation=model.relation, models=[model.table],
            semantic_model=model.name, time_column=MONTH if has_month else None,
            sort_metrics={"orden_periodo": MONTH} if has_month else {}, columns={"period_label": PERIOD_LABEL} if has_month else {},
        )
    return found


def load(root: Path | None = None, manifest: Path | None = None) -> Context:
    """The context of `root`'s files (default: this package's). Raises AssetError, or ManifestMissing before the first build."""
    folder = manifest or Path(settings().home) / "manifest"
    path = folder / "manifest.json"
    if not path.exists():
        raise ManifestMissing(f"there is no dbt manifest at {path}: run `caudal build` first")
    columns, pii, whole = _models(path, path.stat().st_mtime_ns)
    assets, layer = read(root) if root else read(), semantic.load(folder)
    return Context(replace(assets, datasets=assets.datasets | generated_datasets(assets, layer, columns)), layer, columns, pii, whole)


@lru_cache(maxsize=2)
def _models(manifest: Path, _mtime: int) -> tuple[dict[str, dict[str, dict[str, Any]]], frozenset[str], frozenset[str]]:
    """Columns of the models, those with personal data, those only for who sees all of the utility. Read once of a manifest: it has megabytes."""
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model"]
    pii, whole = (frozenset(node["name"] for node in models if node["config"].get("meta", {}).get(mark)) for mark in ("pii", "whole_utility"))
    return {node["name"]: node["columns"] for node in models}, pii, whole


__all__ = ["DATABASE", "PII_DATABASE", "AssetError", "Context", "d3_format", "identifier", "is_ratio", "load"]
