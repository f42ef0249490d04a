"""Medians and percentiles, which stand or fall with details (NULLs, filters, double precision), against MetricFlow's own SQL over a real mart.

Invented measures over the published invoices' mart, so that the constructs are compared even where no real metric uses them.
"""

from __future__ import annotations

import copy
import json
from decimal import Decimal

import consumers
import pytest
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest
from psycopg.rows import dict_row

from caudal import semantic, warehouse
from caudal.semantic import SemanticLayer
from caudal.semantic.reader import parse

MEASURES = [
    {"agg": "median", "expr": "billed_m3", "agg_params": None},
    {"agg": "percentile", "expr": "billed_amount", "agg_params": {"percentile": 0.9, "use_discrete_percentile": False, "use_approximate_percentile": False}},
    {"agg": "median", "expr": "billed_12m_amount", "agg_params": None},  # NULL in the first months
]
NAMES = ["p_0", "p_1", "p_2", "p_filtered", "p_ratio"]


@pytest.fixture(scope="module")
def manifest(built) -> dict:
    """The real one with the invented measures and metrics: each measure, the first one filtered, a median over a sum."""
    manifest = json.loads(semantic.manifest_path().read_text(encoding="utf-8"))
    model = next(m for m in manifest["semantic_models"] if m["name"] == "commercial_month")
    flow = next(m for m in model["measures"] if m["name"] == "billed_amount")
    simple = next(m for m in manifest["metrics"] if m["name"] == "billed_amount")
    ratio = next(m for m in manifest["metrics"] if m["name"] == "average_tariff")

    def metric(name: str, measure: str, where: str | None = None) -> dict:
        made = copy.deepcopy(simple) | {"name": name}
        made["type_params"]["measure"]["name"] = measure
        made["type_params"]["input_measures"] = [{**copy.deepcopy(made["type_params"]["measure"])}]
        if where:
            made["filter"] = {"where_filters": [{"where_sql_template": where}]}
        return made

    for i, measure in enumerate(MEASURES):
        model["measures"].append(copy.deepcopy(flow) | measure | {"name": f"p_{i}"})
        manifest["metrics"].append(metric(f"p_{i}", f"p_{i}"))
    manifest["metrics"].append(metric("p_filtered", "p_0", "{{ Dimension('commercial_month__user_type_name') }} = 'Residencial'"))
    over = copy.deepcopy(ratio) | {"name": "p_ratio"}
    over["type_params"]["numerator"]["name"], over["type_params"]["denominator"]["name"] = "p_0", "billed_amount"
    over["type_params"]["input_measures"] = [copy.deepcopy(simple["type_params"]["measure"]) | {"name": n} for n in ("p_0", "billed_amount")]
    manifest["metrics"].append(over)
    return manifest


@pytest.fixture(scope="module")
def layer(manifest) -> SemanticLayer:
    return parse(manifest)


@pytest.mark.parametrize("by", [(), ("sector_name",), ("period_month",)])
def test_they_are_what_metricflow_computes(manifest, layer, by):
    names = {b: "metric_time__month" if b == "period_month" else f"commercial_month__{b}" for b in by}
    request = MetricFlowQueryRequest.create(metric_names=NAMES, group_by_names=list(names.values()))
    statement = consumers.compiler(copy.deepcopy(manifest)).explain(request).sql_statement.sql
    assert "PERCENTILE_CONT" in statement
    with warehouse.connect("read") as conn, conn.cursor(row_factory=dict_row) as cursor:
        theirs = cursor.execute(statement.encode()).fetchall()
        ours = semantic.fetch(conn, NAMES, list(by), layer=layer)
    found = {tuple(str(r[n])[:10] if b == "period_month" else r[n] for b, n in names.items()): r for r in theirs}
    assert len(found) == len(ours)
    for row in ours:
        other = found[tuple(str(row[b])[:10] if b == "period_month" else row[b] for b in by)]
        for name in NAMES:
            value = consumers.exact(other[name])
            assert (row[name] is None) == (value is None), (name, row)
            assert value is None or abs(row[name] - value) <= abs(value) * Decimal("1e-12"), (name, row, value)
    assert any(row["p_2"] is None for row in ours) == (by == ("period_month",))
