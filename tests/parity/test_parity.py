"""Every consumer gives the same number as `caudal.semantic`, for every metric, in every slice.

Sums (money, volumes, counts) are equal, digit by digit. Ratios agree to 1e-9: MetricFlow and DAX divide in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import consumers
import pytest

from caudal import semantic, warehouse
from caudal.semantic.sql import dimension_values

RATIO_TOLERANCE = Decimal("1e-9")
MARTS = ("mart_commercial__month", "mart_receivables__month")
# Marts that Superset and the reports do not show, each with the dimension that is its own: not all know of sectors and user types.
OTHERS = {
    "mart_data_quality__month": "entity_name",
    "mart_metering__month": "sector_name",
    "mart_metering__anomaly_month": "anomaly_name",
    "mart_metering__incident_month": "incident_name",
    "mart_metering__reader_month": "reader_name",
    "mart_water_balance__month": "sector_name",
}
SLICES = ("total", "sector", "month", "user type", "combination", "balance over months")
# What the monthly report shows: its summary, by month; and collections by sector and user type. Everything else it does not show.
REPORTED = {
    "total": {"collected_amount", "billed_amount", "credited_amount", "collection_efficiency", "payments_count", "receivable_amount", "overdue_amount",
              "delinquency_ratio", "delinquency_90_ratio", "average_collection_days", "active_contracts"},
    "sector": {"collected_amount"},
    "user type": {"collected_amount"},
}
REPORTED["month"] = REPORTED["total"]
# Constructs of our measures that the DAX evaluator cannot do; each would need an evaluation by hand here. There are none: see PowerBi.evaluate.
NOT_EVALUATED: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Slice:
    by: tuple[str, ...]
    where: dict


@pytest.fixture(scope="module")
def layer(built) -> semantic.SemanticLayer:
    return semantic.load()


@pytest.fixture(scope="module")
def months(layer) -> list[date]:
    """The closed months that the marts hold."""
    with warehouse.connect("read") as conn:
        found = [row["period_month"] for row in dimension_values(conn, layer, "billed_amount", ["period_month"])]
    assert len(found) >= 12
    return found


@pytest.fixture(scope="module")
def slices(layer, months) -> dict[str, Slice]:
    """The slices asked for. The user type and municipality of the combination are those with the most debt, whatever their names."""
    last, recent = months[-1], months[-6:]

    def largest(dimension: str) -> str:
        values = consumers.semantic_layer(["receivable_amount"], (dimension,), {"period_month": last})["receivable_amount"]
        return max(values, key=lambda key: values[key] or 0)[0]

    user_type = largest("user_type_name")
    return {
        "total": Slice((), {"period_month": last}),
        "sector": Slice(("sector_name",), {"period_month": last}),
        "month": Slice(("period_month",), {"period_month": recent}),
        "user type": Slice(("user_type_name",), {"period_month": last}),
        "combination": Slice(("sector_name",), {"user_type_name": user_type, "municipality_name": largest("municipality_name"), "period_month": recent[:3]}),
        "balance over months": Slice(("user_type_name",), {"period_month": months[2:7]}),
    }


def metrics_of(layer: semantic.SemanticLayer, mart: str) -> list[str]:
    return sorted(name for name, m in layer.metrics.items() if m.model.table == mart)


def differences(layer, expected: consumers.Values, found: consumers.Values) -> list[str]:
    """What differs, in words; empty when all agree."""
    wrong = []
    for metric, values in expected.items():
        is_sum = layer.metric(metric).type == "simple"
        if set(values) != set(found[metric]):
            wrong.append(f"{metric}: other members: {sorted(map(str, set(values) ^ set(found[metric])))[:5]}")
            continue
        for key, value in values.items():
            other = found[metric][key]
            if value is None or other is None:
                same = value is other
            else:
                same = other == value if is_sum else abs(other - value) <= RATIO_TOLERANCE * max(abs(value), Decimal("1e-12"))
            if not same:
                wrong.append(f"{metric} {key}: {value} ≠ {other}")
    return wrong


def compare(layer, slices, adapter, name: str, mart: str, only: set[str] | None = None) -> None:
    part = slices[name]
    metrics = [m for m in metrics_of(layer, mart) if only is None or m in only]
    expected = consumers.semantic_layer(metrics, part.by, part.where)
    assert any(value for values in expected.values() for value in values.values()), "a slice of zeros proves nothing"
    assert differences(layer, expected, adapter(metrics, part.by, part.where)) == []


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("name", SLICES)
def test_metricflow(layer, slices, name, mart):
    compare(layer, slices, consumers.metricflow, name, mart)


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("name", SLICES)
def test_power_bi(layer, slices, name, mart):
    compare(layer, slices, consumers.power_bi, name, mart)


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("name", SLICES)
def test_superset(layer, slices, superset, name, mart):
    compare(layer, slices, consumers.superset, name, mart)


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("name", SLICES)
def test_alerts(layer, slices, name, mart):
    compare(layer, slices, consumers.alert, name, mart)


@pytest.mark.parametrize("name", REPORTED)
def test_reports(layer, slices, name):
    compare(layer, slices, consumers.report, name, MARTS[0], REPORTED[name])


@pytest.mark.parametrize("mart", OTHERS)
@pytest.mark.parametrize("name", ["total", "month", "own"])
def test_the_other_marts(layer, months, name, mart):
    part = {"total": Slice((), {"period_month": months[-1]}), "month": Slice(("period_month",), {"period_month": months[-6:]}),
            "own": Slice((OTHERS[mart],), {"period_month": months[-1]})}
    for adapter in (consumers.metricflow, consumers.power_bi, consumers.alert):
        compare(layer, part, adapter, name, mart)


def test_by_age(layer, months):
    """The ageing buckets, in the mart that has them; they add up to the receivable of the other mart."""
    where = {"period_month": months[-1]}
    expected = consumers.semantic_layer(["receivable_by_age"], ("ageing_bucket",), where)
    assert len(expected["receivable_by_age"]) == 7
    for adapter in (consumers.metricflow, consumers.power_bi, consumers.alert):
        assert differences(layer, expected, adapter(["receivable_by_age"], ("ageing_bucket",), where)) == [], adapter.__name__
    total = consumers.semantic_layer(["receivable_amount"], (), where)["receivable_amount"][()]
    assert sum(expected["receivable_by_age"].values()) == total


def test_by_age_in_superset(layer, months, superset):
    where = {"period_month": months[-1]}
    expected = consumers.semantic_layer(["receivable_by_age"], ("ageing_bucket",), where)
    assert differences(layer, expected, consumers.superset(["receivable_by_age"], ("ageing_bucket",), where)) == []


def test_the_report_shows_what_this_test_says_it_shows():
    from reports.monthly_collections.figures import METRICS

    assert set(METRICS) == REPORTED["total"]


def test_power_bi_says_how_old_the_data_are(built):
    with warehouse.connect("read") as conn:
        [message] = conn.execute("select message_es from ops.data_status").fetchone()
    assert message.startswith(("Datos al ", "ATENCIÓN: "))
    assert consumers.PowerBi(consumers.power_bi_project_folder()).status_message() == message


def test_every_metric_is_compared(layer):
    assert {m for mart in (*MARTS, *OTHERS) for m in metrics_of(layer, mart)} == set(layer.metrics)
    assert not NOT_EVALUATED


def test_the_comparison_sees_a_cent(layer):
    """A comparison that cannot fail proves nothing."""
    one = {"billed_amount": {(): Decimal("1000000000.01")}, "delinquency_ratio": {(): Decimal("0.5")}}
    assert differences(layer, one, one) == []
    cent = {"billed_amount": {(): Decimal("1000000000.02")}, "delinquency_ratio": {(): Decimal("0.5000001")}}
    assert len(differences(layer, one, cent)) == 2
    assert len(differences(layer, one, {"billed_amount": {(): None}, "delinquency_ratio": {("x",): Decimal("0.5")}})) == 2
