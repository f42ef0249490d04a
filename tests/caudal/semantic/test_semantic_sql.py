"""Metrics as PostgreSQL: against a model in Python, and with values that try to get out of their quotes."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invented import MONTHS, PLACES, fill_mart

from caudal.semantic import Range, SemanticError, UnknownDimension, UnknownMetric, UntranslatableMetric, fetch
from caudal.semantic.sql import columns, dimension_values, expression

NASTY = "Moca'; drop table marts.t; --\"%s {x}"


def sum_at_last(rows):
    """The definition, in Python: Σ of the values on the rows of the latest date; None when that date has no value at all."""
    dated = [(d, v) for d, v in rows if d is not None]
    if not dated:
        return None
    last = max(d for d, _ in dated)
    values = [v for d, v in dated if d == last and v is not None]
    return sum(values, Decimal(0)) if values else None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.none() | st.dates(date(2026, 1, 1), date(2026, 4, 1)).map(lambda d: d.replace(day=1)),
            st.none() | st.decimals(-10**9, 10**9, places=2),
        ),
        max_size=25,
    )
)
def test_sum_at_last_is_its_definition(own_database, rows):
    keys, dates, values = ([r[i] for r in rows] for i in range(3))
    found = own_database.execute(
        "select k, ops.sum_at_last(d, v) from unnest(%s::text[], %s::date[], %s::numeric[]) as t(k, d, v) group by k", [keys, dates, values]
    ).fetchall()
    groups = defaultdict(list)
    for k, d, v in rows:
        groups[k].append((d, v))
    assert dict(found) == {k: sum_at_last(g) for k, g in groups.items()}


def test_sum_at_last_is_the_same_in_parallel_plans(own_database):
    """The combine step: partial states of several workers, in any order."""
    own_database.execute(
        "create temp table facts as select date '2020-01-01' + 31 * (g % 50) as d, (g % 997)::numeric / 100 as v from generate_series(1, 20000) g"
    )
    query = "select ops.sum_at_last(d, v) from facts"
    merged = """select ops.sum_at_last_total(ops.sum_at_last_merge(a.s, b.s)) from
        (select row(max(d), sum(v) filter (where d = (select max(d) from facts where v < 5)))::ops.sum_at_last_state s from facts where v < 5) a,
        (select row(max(d), sum(v) filter (where d = (select max(d) from facts where v >= 5)))::ops.sum_at_last_state s from facts where v >= 5) b"""
    assert own_database.execute(query).fetchone() == own_database.execute(merged).fetchone()
    own_database.execute("drop table facts")


@pytest.fixture(scope="module")
def mart(own_database):
    return fill_mart(own_database)


def test_a_total_of_flows_and_balances(mart):
    conn, small, rows = mart
    [row] = fetch(conn, ["flow", "balance", "share"], layer=small)
    last = max(r["period_month"] for r in rows)
    balance = sum(r["amount"] for r in rows if r["period_month"] == last)
    flow = sum(r["amount"] for r in rows)
    assert row == {"flow": flow, "balance": balance, "share": pytest.approx(balance / flow, rel=Decimal("1e-15"))}


def test_by_dimension_and_range(mart):
    conn, small, rows = mart
    found = fetch(conn, "balance", by=["place"], where={"period_month": Range(MONTHS[0], MONTHS[1])}, layer=small)
    expected = defaultdict(Decimal)
    for r in rows:
        if r["period_month"] == MONTHS[1]:
            expected[r["place"]] += r["amount"]
    assert {r["place"]: r["balance"] for r in found} == expected


def test_an_open_range_and_a_list(mart):
    conn, small, rows = mart
    [row] = fetch(conn, "flow", where={"period_month": Range(start=MONTHS[2]), "place": PLACES[:2]}, layer=small)
    assert row["flow"] == sum(r["amount"] for r in rows if r["period_month"] >= MONTHS[2] and r["place"] in PLACES[:2])


def test_none_means_is_null(mart):
    conn, small, _ = mart
    assert fetch(conn, "flow", where={"place": None}, layer=small) == [{"flow": None}]


@pytest.mark.parametrize("value", [NASTY, [NASTY, "'"], "''", "\\'", "%", "%(x)s"])
def test_values_never_become_sql(mart, value):
    conn, small, rows = mart
    [row] = fetch(conn, "flow", where={"place": value}, layer=small)
    wanted = value if isinstance(value, list) else [value]
    assert row["flow"] == (sum((r["amount"] for r in rows if r["place"] in wanted), Decimal(0)) or None)
    assert conn.execute("select count(*) from marts.t").fetchone()[0] == len(rows)


def test_a_value_with_quotes_is_found(mart):
    conn, small, rows = mart
    [row] = fetch(conn, "flow", where={"place": "O'Higgins \"El Viejo\""}, layer=small)
    assert row["flow"] == sum(r["amount"] for r in rows if r["place"].startswith("O'H"))


def test_a_filtered_metric_keeps_its_filter(mart):
    conn, small, rows = mart
    [row] = fetch(conn, ["here", "here_balance"], layer=small)
    here = [r for r in rows if r["place"] == "Moca"]
    last = max(r["period_month"] for r in here)
    assert row == {"here": sum(r["amount"] for r in here), "here_balance": sum(r["amount"] for r in here if r["period_month"] == last)}


def test_a_ratio_over_nothing_is_none(mart):
    conn, small, _ = mart
    assert fetch(conn, "share", where={"place": "no hay"}, layer=small) == [{"share": None}]
    assert fetch(conn, "share", by=["place"], where={"place": "Cero"}, layer=small) == [{"place": "Cero", "share": None}]


def test_dimension_values(mart):
    conn, small, rows = mart
    assert [r["place"] for r in dimension_values(conn, small, "flow", ["place"])] == sorted({r["place"] for r in rows})


def test_unknown_names(mart):
    conn, small, _ = mart
    with pytest.raises(UnknownMetric):
        fetch(conn, "nope", layer=small)
    with pytest.raises(UnknownDimension):
        fetch(conn, "flow", by=["nope"], layer=small)
    with pytest.raises(UnknownDimension):
        fetch(conn, "flow", where={"nope": 1}, layer=small)
    with pytest.raises(SemanticError):
        fetch(conn, [], layer=small)


def test_metrics_of_different_marts_are_refused(layer, own_database):
    with pytest.raises(SemanticError, match="different marts"):
        fetch(own_database, ["receivable_amount", "receivable_by_age"], layer=layer)


def test_where_the_month_is_a_key_a_balance_is_a_plain_sum(mart):
    """And says the same as the aggregate that looks for the last month."""
    conn, small, _ = mart
    for name in ("balance", "here_balance", "share"):
        assert "sum_at_last" not in expression(small.metric(name), ["period_month", "place"])
        last = conn.execute(f"select period_month, {expression(small.metric(name))} from marts.t group by 1 order by 1").fetchall()
        assert [(r["period_month"], r[name]) for r in fetch(conn, name, by=["period_month"], layer=small)] == last


def test_the_columns_of_a_metric(mart):
    _, small, _ = mart
    assert columns(small.metric("here_balance")) == ["amount", "period_month", "place"]


def test_shifted_metrics_are_refused(mart):
    _, small, _ = mart
    with pytest.raises(UntranslatableMetric, match="'before'.*shifted in time"):
        expression(small.metric("before"))


def test_every_metric_of_the_layer_has_sql(layer):
    assert all(expression(m) for m in [*layer.metrics.values(), *layer.internal.values()])
