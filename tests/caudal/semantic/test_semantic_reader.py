"""The layer read from dbt's manifest: complete, valid for MetricFlow, and clear about what is wrong."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest

from caudal.semantic import ManifestMissing, MetricMetaError, UnknownDimension, UnknownMetric, load
from caudal.semantic.labels import DIMENSIONS
from caudal.semantic.model import Aggregate, leaves
from caudal.semantic.reader import parse
from caudal.settings import ROOT

# starting values of the KPI catalogue: metric → (warn, critical)
THRESHOLDS = {
    "collection_efficiency": ("0.85", "0.75"), "billing_coverage": ("0.98", None), "delinquency_ratio": ("0.4", None),
    "average_collection_days": ("90", None), "effective_reading_ratio": ("0.95", None), "estimated_share": ("0.1", None),
    "reconciled_share": ("1", "0.98"), "source_difference_rows": ("0", None), "source_difference_amount": ("0", None), "quarantined_rows": ("0", None),
}


def test_every_metric_of_the_architecture_is_there(layer):
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    promised = set(re.search(r"^Metrics: (.+?)\.$", text, re.MULTILINE | re.DOTALL)[1].replace("\n", " ").split(", "))
    assert len(promised) >= 20
    assert promised <= set(layer.metrics)


def test_metricflow_accepts_the_manifest(manifest_folder):
    text = (manifest_folder / "semantic_manifest.json").read_text(encoding="utf-8")
    results = SemanticManifestValidator().validate_semantic_manifest(parse_manifest_from_dbt_generated_manifest(manifest_json_string=text))
    assert not results.has_blocking_issues, [i.message for i in results.all_issues]


def test_thresholds_are_the_catalogues(layer):
    found = {m.name: (m.warn, m.critical) for m in layer.metrics.values() if m.warn is not None or m.critical is not None}
    assert {n: found[n] for n in THRESHOLDS} == {name: tuple(Decimal(x) if x else None for x in limits) for name, limits in THRESHOLDS.items()}


def test_thresholds_lie_on_the_side_of_the_direction(layer):
    for m in layer.metrics.values():
        if m.warn is not None and m.critical is not None:
            assert (m.critical < m.warn) if m.direction == "up" else (m.critical > m.warn), m.name


def test_every_measure_and_dimension_is_in_the_contract_of_its_mart(layer, manifest_folder):
    nodes = json.loads((manifest_folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    columns = {n["name"]: set(n["columns"]) for n in nodes.values() if n["resource_type"] == "model"}
    for m in [*layer.metrics.values(), *layer.internal.values()]:
        parts = {name for leaf in leaves(m.node) for name in re.findall(r"[a-z_][a-z0-9_]*", leaf.expr)}  # an expression: the columns it names
        used = parts | {d.expr for d in m.model.dimensions}
        assert used <= columns[m.model.table], m.name


def test_balances_are_semi_additive_and_flows_are_not(layer):
    def last_by(name: str) -> str | None:
        node = layer.metric(name).node
        assert isinstance(node, Aggregate)
        return node.last_by

    balances = {"receivable_amount", "overdue_amount", "overdue_90_amount", "billed_12m_amount", "active_contracts", "overdue_contracts", "receivable_by_age"}
    flows = {"billed_amount", "collected_amount", "credited_amount", "billed_volume_m3", "invoices_issued", "payments_count", "active_contract_months"}
    assert {n: last_by(n) for n in balances} == dict.fromkeys(balances, "period_month")
    assert {n: last_by(n) for n in flows} == dict.fromkeys(flows)


def test_every_dimension_has_a_spanish_name(layer):
    unnamed = {f"{m.name}.{d.name}" for m in layer.models.values() for d in m.dimensions if not d.label and d.name not in DIMENSIONS}
    assert unnamed == set(), "give it a `label` in dbt/semantic, or, where several models have it, a name in caudal/semantic/labels.py"


def test_consumers_read_the_published_schema(layer):
    assert {m.table.partition(".")[0] for m in layer.metrics.values()} == {"marts"}


def test_internal_metrics_are_not_shown_but_can_be_used(layer):
    assert "billed_12m_amount" not in layer.metrics
    assert layer.metric("billed_12m_amount").is_internal


@pytest.mark.parametrize("field", ["label_es", "formula_es", "unit", "owner"])
def test_a_missing_meta_field_names_file_and_metric(raw_manifest, field):
    metric = next(m for m in raw_manifest["metrics"] if m["name"] == "billed_amount")
    del metric["config"]["meta"][field]
    with pytest.raises(MetricMetaError) as error:
        parse(raw_manifest, {"billed_amount": "semantic/metrics_billing.yml"})
    assert all(word in str(error.value) for word in ("'billed_amount'", "semantic/metrics_billing.yml", field))


@pytest.mark.parametrize(("field", "value"), [("direction", "sideways"), ("warn", "mucho")])
def test_a_wrong_meta_value_names_file_metric_and_field(raw_manifest, field, value):
    metric = next(m for m in raw_manifest["metrics"] if m["name"] == "billed_amount")
    metric["config"]["meta"][field] = value
    with pytest.raises(MetricMetaError) as error:
        parse(raw_manifest, {"billed_amount": "semantic/metrics_billing.yml"})
    assert all(word in str(error.value) for word in ("'billed_amount'", "semantic/metrics_billing.yml", field))


def test_an_unknown_metric_says_which_there_are(layer):
    with pytest.raises(UnknownMetric, match="'profit'.*collection_efficiency"):
        layer.metric("profit")


def test_an_unknown_dimension_says_which_there_are(layer):
    with pytest.raises(UnknownDimension, match="'colour'.*sector_name"):
        layer.metric("billed_amount").model.dimension("colour")


def test_without_a_manifest_it_says_what_to_run(tmp_path: Path):
    with pytest.raises(ManifestMissing, match="caudal build"):
        load(tmp_path)
