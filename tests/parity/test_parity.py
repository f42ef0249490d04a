"""Every consumer gives the same number as `caudal.semantic`, for every metric, in every slice.

The semantic models are found, not listed: a new one is compared as soon as its YAML is there. Sums (money, volumes, counts) are equal, digit by
digit. Ratios, averages and percentiles agree to 1e-9: MetricFlow and DAX compute them in double precision. A mart that ages with the clock is read
before and after the consumer: its figure is none that the mart did not have between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import consumers
import pytest
import yaml

from caudal import semantic, warehouse
from caudal.semantic.model import SemanticModel, leaves
from caudal.semantic.sql import dimension_values

REAL_TOLERANCE = Decimal("1e-9")
MONTH = "period_month"
SEMANTIC = Path(__file__).resolve().parents[2] / "dbt" / "semantic"
MODELS = sorted(m["name"] for path in SEMANTIC.glob("model_*.yml") for m in yaml.safe_load(path.read_text(encoding="utf-8"))["semantic_models"])
POWER_BI_MEMBERS = 6  # of each dimension: the evaluator computes one member at a time
# What the monthly report shows: its summary, by month; and collections by sector and user type. Everything else it does not show.
REPORTED = {
    "total": {"collected_amount", "billed_amount", "credited_amount", "collection_efficiency", "payments_count", "receivable_amount", "overdue_amount",
              "delinquency_ratio", "delinquency_90_ratio", "average_collection_days", "active_contracts"},
    "sector_name": {"collected_amount"},
    "user_type_name": {"collected_amount"},
}
REPORTED["month"] = REPORTED["total"]
REPORTED_MODEL = "commercial_month"


@dataclass(frozen=True)
class Slice:
    name: str
    by: tuple[str, ...]
    where: dict


@pytest.fixture(scope="module")
def layer(built) -> semantic.SemanticLayer:
    return semantic.load()


def metrics_of(layer: semantic.SemanticLayer, model: str) -> list[str]:
    return sorted(name for name, m in layer.metrics.items() if m.model.name == model)


def values_of(layer: semantic.SemanticLayer, metric: str, dimension: str) -> list:
    with warehouse.connect("read") as conn:
        return [row[dimension] for row in dimension_values(conn, layer, metric, [dimension])]


@cache
def slices_of(name: str) -> tuple[Slice, ...]:
    """Total, by month, by each dimension, two filters at once, and several months together (where a balance is the last one's)."""
    layer = semantic.load()
    model, metrics = layer.models[name], metrics_of(layer, name)
    dimensions = [d.name for d in model.dimensions if d.type == "categorical" and not d.name.endswith("_order")]  # an order only sorts
    months = values_of(layer, metrics[0], MONTH)[-consumers.RECENT_MONTHS:]
    assert months, f"{model.relation} is empty: nothing can be compared"
    last = {MONTH: months[-1]}
    found = [Slice("total", (), last), Slice("month", (MONTH,), {MONTH: months[-4:]})]
    found += [Slice(d, (d,), last) for d in dimensions]
    few = sorted(dimensions, key=lambda d: len(values_of(layer, metrics[0], d)))
    if len(few) > 1:
        filtered = {d: _largest(metrics, d, months) for d in few[:2]}
        found.append(Slice("two filters", (MONTH,), {**filtered, MONTH: months[:3]}))
    found.append(Slice("months together", tuple(few[:1]), {MONTH: months[1:5] or months}))
    return tuple(found)


def _largest(metrics: list[str], dimension: str, months: list[date]):
    """The member with most figures that are not zero: a filter on an empty one proves nothing."""
    values = consumers.semantic_layer(metrics, (dimension,), {MONTH: months[:3]})
    count: dict = {}
    for by_key in values.values():
        for (member,), value in by_key.items():
            count[member] = count.get(member, 0) + bool(value)
    return max(count, key=lambda member: (count[member], str(member)))


@cache
def expected_of(model: str, index: int) -> consumers.Values:
    part = slices_of(model)[index]
    return consumers.semantic_layer(metrics_of(semantic.load(), model), part.by, part.where)


def is_sum(metric: semantic.Metric) -> bool:
    return metric.type == "simple" and all(leaf.is_exact for leaf in leaves(metric.node))


def differences(
    layer, expected: consumers.Values, found: consumers.Values, only: list[tuple] | None = None, later: consumers.Values | None = None,
) -> list[str]:
    """What differs, in words; empty when all agree. `only`: compare these keys. `later`: what `expected` had become when `found` had been read."""
    wrong = []
    for metric, values in expected.items():
        for key in only if only is not None else sorted(set(values) | set(found[metric]), key=str):
            value, other = values.get(key), found[metric].get(key)
            end = value if later is None else later[metric].get(key)
            if None in (value, other, end):
                same = value is other is end
            else:
                slack = 0 if is_sum(layer.metric(metric)) else REAL_TOLERANCE * max(abs(value), Decimal("1e-12"))
                same = min(value, end) - slack <= other <= max(value, end) + slack
            if not same:
                wrong.append(f"{metric} {key}: {value} ≠ {other}" if end == value else f"{metric} {key}: {other} is not between {value} and {end}")
    return wrong


def compare(layer, adapter: Callable[..., consumers.Values], model: str) -> Iterator[str]:
    """Every difference between the adapter and the semantic layer in the slices of the model."""
    metrics, ages = metrics_of(layer, model), ages_with_the_clock(layer.models[model])
    for index, part in enumerate(slices_of(model)):
        expected = consumers.semantic_layer(metrics, part.by, part.where) if ages else expected_of(model, index)
        if adapter is consumers.power_bi:
            if ages:
                consumers.power_bi_project().refresh(layer.models[model].table)
            keys = some_keys(expected)
            found = adapter(metrics, part.by, part.where, keys)
        else:
            keys, found = None, adapter(metrics, part.by, part.where)
        later = consumers.semantic_layer(metrics, part.by, part.where) if ages else None
        yield from (f"[{part.name}] {text}" for text in differences(layer, expected, found, keys, later))


def ages_with_the_clock(model: SemanticModel) -> bool:
    """Whether the mart is a view that reads what time it is."""
    with warehouse.connect("read") as conn:
        [text] = conn.execute("select pg_get_viewdef(oid) from pg_class where oid = %s::regclass and relkind = 'v'", [model.relation]).fetchone() or [""]
    return "now()" in text


def some_keys(expected: consumers.Values) -> list[tuple]:
    """The keys with most figures, and one with least: enough members of a dimension to see a wrong relationship or filter."""
    weight: dict[tuple, int] = {}
    for values in expected.values():
        for key, value in values.items():
            weight[key] = weight.get(key, 0) + bool(value)
    ordered = sorted((k for k in weight if None not in k), key=lambda k: (-weight[k], str(k)))
    return ordered if len(ordered) <= POWER_BI_MEMBERS else [*ordered[: POWER_BI_MEMBERS - 1], ordered[-1]]


@pytest.mark.parametrize("model", MODELS)
def test_metricflow(layer, model):
    assert list(compare(layer, consumers.metricflow, model)) == []


@pytest.mark.parametrize("model", MODELS)
def test_power_bi(layer, model):
    assert list(compare(layer, consumers.power_bi, model)) == []


@pytest.mark.parametrize("model", MODELS)
def test_superset(layer, superset, model):
    assert list(compare(layer, consumers.superset, model)) == []


@pytest.mark.parametrize("model", MODELS)
def test_alerts(layer, model):
    assert list(compare(layer, consumers.alert, model)) == []


@pytest.mark.parametrize("name", REPORTED)
def test_reports(layer, name):
    index, part = next((i, s) for i, s in enumerate(slices_of(REPORTED_MODEL)) if s.name == name)
    expected = {m: v for m, v in expected_of(REPORTED_MODEL, index).items() if m in REPORTED[name]}
    assert differences(layer, expected, consumers.report(sorted(REPORTED[name]), part.by, part.where)) == []


@pytest.mark.parametrize("model", MODELS)
def test_the_slices_hold_figures(layer, model):
    """A comparison of zeros proves nothing; and each dimension has members to compare."""
    assert any(value for i, _ in enumerate(slices_of(model)) for values in expected_of(model, i).values() for value in values.values())
    assert {s.name for s in slices_of(model)} >= {"total", "month", "months together", *categorical(layer.models[model])}


def categorical(model: SemanticModel) -> list[str]:
    return [d.name for d in model.dimensions if d.type == "categorical" and not d.name.endswith("_order")]


def test_every_metric_is_compared(layer):
    assert {m for model in MODELS for m in metrics_of(layer, model)} == set(layer.metrics)
    assert set(MODELS) == set(layer.models)


def test_the_ageing_buckets_add_up_to_the_receivable_of_the_other_mart(layer):
    where = {MONTH: values_of(layer, "receivable_amount", MONTH)[-1]}
    buckets = consumers.semantic_layer(["receivable_by_age"], ("ageing_bucket",), where)["receivable_by_age"]
    assert len(buckets) == 7
    assert sum(buckets.values()) == consumers.semantic_layer(["receivable_amount"], (), where)["receivable_amount"][()]


def test_the_report_shows_what_this_test_says_it_shows():
    from reports.monthly_collections.figures import METRICS

    assert set(METRICS) == REPORTED["total"]


def test_power_bi_says_how_old_the_data_are(built):
    with warehouse.connect("read") as conn:
        [message] = conn.execute("select message_es from ops.data_status").fetchone()
    assert message.startswith(("Datos al ", "ATENCIÓN: "))
    assert consumers.PowerBi(consumers.power_bi_project_folder()).status_message() == message


def test_the_comparison_sees_a_cent(layer):
    """A comparison that cannot fail proves nothing."""
    one = {"billed_amount": {(): Decimal("1000000000.01")}, "delinquency_ratio": {(): Decimal("0.5")}}
    assert differences(layer, one, one) == []
    cent = {"billed_amount": {(): Decimal("1000000000.02")}, "delinquency_ratio": {(): Decimal("0.5000001")}}
    assert len(differences(layer, one, cent)) == 2
    assert len(differences(layer, one, {"billed_amount": {(): None}, "delinquency_ratio": {("x",): Decimal("0.5")}})) == 3  # a missing key is a missing value
    assert differences(layer, one, one, later=cent) == [] == differences(layer, one, cent, later=cent)
    assert len(differences(layer, one, one | {"billed_amount": {(): Decimal("1000000000.03")}}, later=cent)) == 1
    assert len(differences(layer, one, one, later={"billed_amount": {}, "delinquency_ratio": {}})) == 2


def test_only_the_marts_of_now_age(layer):
    """What is read between two readings is compared less strictly: so it must be known which marts are."""
    assert {name for name, model in layer.models.items() if ages_with_the_clock(model)} == {"freshness_entity"}
