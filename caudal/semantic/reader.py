"""Reads dbt's `semantic_manifest.json` into a `SemanticLayer`.

Reads: `<home>/manifest/semantic_manifest.json` and, beside it, `manifest.json` (the file each metric is written in; which marts are only for who sees
all of the utility).
Writes nothing. The manifest is read as JSON: MetricFlow is not imported.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from .errors import ManifestMissing, MetricMetaError, SemanticError
from .model import Aggregate, Derived, Dimension, Metric, Node, Ratio, SemanticLayer, SemanticModel, Unsupported, leaves

REQUIRED_META = ("label_es", "description_es", "formula_es", "unit", "format", "direction", "folder", "owner", "source")
PUBLISHED_SCHEMA, BUILDING_SCHEMA = "marts", "marts_next"


def manifest_path() -> Path:
    """Where `caudal build` leaves the semantic manifest."""
    from caudal.settings import settings

    return Path(settings().home) / "manifest" / "semantic_manifest.json"


def load(path: str | Path | None = None) -> SemanticLayer:
    """The semantic layer of the manifest at `path` (default: the last build's). Cached until the file changes.

    Raises ManifestMissing when there is no manifest, MetricMetaError when a metric lacks a meta field.
    """
    target = Path(path) if path else manifest_path()
    if target.is_dir():
        target = target / "semantic_manifest.json"
    if not target.exists():
        raise ManifestMissing(f"there is no semantic manifest at {target}: run `caudal build` first")
    return _load(target, target.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _load(path: Path, _mtime: int) -> SemanticLayer:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    sibling = path.with_name("manifest.json")
    files, open_marts = {}, frozenset()
    if sibling.exists():
        whole = json.loads(sibling.read_text(encoding="utf-8"))
        files = {entry["name"]: entry.get("original_file_path") for entry in whole.get("metrics", {}).values()}
        nodes = [node for node in whole.get("nodes", {}).values() if node["resource_type"] == "model"]
        open_marts = frozenset(node["alias"] for node in nodes if not node["config"].get("meta", {}).get("whole_utility"))
    return parse(manifest, files, open_marts)


def parse(manifest: dict, files: dict[str, str] | None = None, open_marts: frozenset[str] = frozenset()) -> SemanticLayer:
    """The layer of an already decoded semantic manifest; `files` maps metric → YAML file, for messages.

    `open_marts`: the marts that are not only for who sees all of the utility; what is not among them is.
    """
    files = files or {}
    models, measures = {}, {}
    for raw in manifest["semantic_models"]:
        model = _model(raw, open_marts)
        models[model.name] = model
        measures.update({measure["name"]: (model, measure) for measure in raw.get("measures") or []})
    resolver = _Resolver({m["name"]: m for m in manifest["metrics"]}, models, measures)
    public, internal = {}, {}
    for raw in sorted(manifest["metrics"], key=lambda m: m["name"]):
        metric = _metric(raw, resolver, models, files.get(raw["name"]))
        (internal if metric.is_internal else public)[metric.name] = metric
    return SemanticLayer(metrics=public, internal=internal, models=models)


def _model(raw: dict, open_marts: frozenset[str]) -> SemanticModel:
    relation = raw["node_relation"]
    schema = relation["schema_name"]
    entities = raw.get("entities") or []
    primary = raw.get("primary_entity") or next((e["name"] for e in entities if e["type"] == "primary"), None)
    dimensions = tuple(
        Dimension(
            name=d["name"],
            type=d["type"],
            expr=d.get("expr") or d["name"],
            label=d.get("label") or ((d.get("config") or {}).get("meta") or {}).get("label_es"),
            granularity=(d.get("type_params") or {}).get("time_granularity"),
        )
        for d in raw.get("dimensions") or []
    )
    return SemanticModel(
        name=raw["name"],
        # Consumers read published marts only, whatever schema the build was writing when the manifest was parsed.
        schema_name=PUBLISHED_SCHEMA if schema == BUILDING_SCHEMA else schema,
        table=relation["alias"],
        label=raw.get("label") or ((raw.get("config") or {}).get("meta") or {}).get("label_es"),
        description=raw.get("description") or "",
        primary_entity=primary,
        time_dimension=(raw.get("defaults") or {}).get("agg_time_dimension"),
        dimensions=dimensions,
        whole_utility=relation["alias"] not in open_marts,
        may_be_empty=bool(((raw.get("config") or {}).get("meta") or {}).get("may_be_empty")),
    )


def _metric(raw: dict, resolver: _Resolver, models: dict[str, SemanticModel], file: str | None) -> Metric:
    name = raw["name"]
    where = f"metric {name!r}" + (f" in {file}" if file else "")
    meta = dict((raw.get("config") or {}).get("meta") or {})
    internal = bool(meta.get("internal") or raw["type_params"].get("is_private"))
    if internal:
        blank = dict.fromkeys(REQUIRED_META, "")
        label = raw.get("label") or name
        meta = {**blank, "label_es": label, "direction": "none", "format": ",.2f", **meta}
    missing = [field for field in REQUIRED_META if meta.get(field) in (None, "")]
    if missing and not internal:
        raise MetricMetaError(f"{where}: config.meta lacks {', '.join(missing)}")
    node = resolver.resolve(name)
    parts = leaves(node)
    owners = {leaf.model for leaf in parts}
    model = models[owners.pop()] if len(owners) == 1 else None
    if model is None and not isinstance(node, Unsupported) and owners:
        node = Unsupported(metric=name, reason=f"it joins several semantic models ({', '.join(sorted({x.model for x in parts}))})")
    fields = {k: v for k, v in meta.items() if k in Metric.model_fields}
    for threshold in ("warn", "critical"):
        if fields.get(threshold) is not None:
            fields[threshold] = str(fields[threshold])
    try:
        return Metric(
            **{
                **fields,
                "name": name,
                "type": raw["type"],
                "table": model.relation if model else None,
                "model": model,
                "measures": tuple(dict.fromkeys(leaf.measure for leaf in parts)),
                "dimensions": tuple(d.name for d in model.dimensions) if model else (),
                "depends_on": tuple(dict.fromkeys(x["name"] for x in resolver.inputs(raw))),
                "is_internal": internal,
                "file": file,
                "node": node,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise MetricMetaError(f"{where}: config.meta.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _templates(raw_filter: dict | list | None) -> tuple[str, ...]:
    if not raw_filter:
        return ()
    filters = raw_filter["where_filters"] if isinstance(raw_filter, dict) else raw_filter
    return tuple(f["where_sql_template"] if isinstance(f, dict) else f for f in filters)


class _Resolver:
    """Turns metric definitions into computation trees, pushing filters down to the measures as MetricFlow does."""

    def __init__(self, metrics: dict, models: dict, measures: dict):
        self.metrics, self.models, self.measures = metrics, models, measures

    def inputs(self, raw: dict) -> list[dict]:
        params = raw["type_params"]
        if raw["type"] == "ratio":
            return [params["numerator"], params["denominator"]]
        return list(params.get("metrics") or [])

    def resolve(self, name: str, where: tuple[str, ...] = (), trail: tuple[str, ...] = ()) -> Node:
        if name in trail:
            raise SemanticError(f"metric {name!r} is defined through itself: {' → '.join((*trail, name))}")
        if name not in self.metrics:
            raise SemanticError(f"metric {trail[-1] if trail else name!r} uses {name!r}, which does not exist")
        raw = self.metrics[name]
        outer, where = bool(where), where + _templates(raw.get("filter"))
        trail = (*trail, name)
        if raw["type"] == "simple":
            return self._simple(name, raw["type_params"], where)
        if raw["type"] not in ("ratio", "derived"):
            return Unsupported(metric=name, reason=f"metrics of type {raw['type']!r} have no translation")
        children = []
        for item in self.inputs(raw):
            if item.get("offset_window") or item.get("offset_to_grain"):
                return Unsupported(metric=name, reason=f"its input {item['name']!r} is shifted in time")
            extra = _templates(item.get("filter"))
            children.append(((item.get("alias") or item["name"]), self.resolve(item["name"], where + extra, trail)))
        filtered = outer or bool(where)
        if raw["type"] == "ratio":
            return Ratio(metric=name, numerator=children[0][1], denominator=children[1][1], filtered=filtered)
        return Derived(metric=name, expr=raw["type_params"]["expr"], inputs=dict(children), filtered=filtered)

    def _simple(self, name: str, params: dict, where: tuple[str, ...]) -> Node:
        use = params.get("measure")
        if use:
            model, measure = self.measures[use["name"]]
            where = where + _templates(use.get("filter"))
            measure_name, expr = measure["name"], measure.get("expr") or measure["name"]
            fill, spine = use.get("fill_nulls_with"), use.get("join_to_timespine")
        else:  # the newer form: the metric holds its own aggregation
            measure = params["metric_aggregation_params"]
            model = self.models[measure["semantic_model"]]
            measure_name = name
            expr = measure.get("expr") or params.get("expr") or name
            fill, spine = params.get("fill_nulls_with"), params.get("join_to_timespine")
        if spine:
            return Unsupported(metric=name, reason="it is joined to the time spine")
        agg, percentile = measure["agg"], None
        if agg in ("median", "percentile"):
            how = measure.get("agg_params") or {}
            if how.get("use_discrete_percentile") or how.get("use_approximate_percentile"):
                return Unsupported(metric=name, reason="only continuous, exact percentiles are translated")
            # dbt may already have turned a median into the percentile of 0.5
            agg, percentile = "percentile", Decimal(str(how["percentile"] if agg == "percentile" else 0.5))
        window = measure.get("non_additive_dimension")
        if window and (window["window_choice"] != "max" or window.get("window_groupings")):
            return Unsupported(metric=name, reason="only balances at the last value of the time dimension, without groupings, are translated")
        return Aggregate(
            metric=name, model=model.name, measure=measure_name, agg=agg, percentile=percentile, expr=str(expr), where=where,
            last_by=window["name"] if window else None, fill_nulls_with=fill,
        )
