"""Metrics as DAX: what is exact is written, what is not is refused; filters compared with PostgreSQL through a DAX evaluator."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from statistics import median

import pytest
from invented import MONTHS, PLACES, fill_mart, small_layer
from pbix_mcp.dax import engine

from caudal.semantic import UntranslatableMetric, fetch
from caudal.semantic.dax import expression

FLOW = {"name": "flow", "agg": "sum", "expr": "amount"}
BALANCE = {"name": "balance", "agg": "sum", "expr": "amount", "non_additive_dimension": {"name": "period_month", "window_choice": "max"}}
SIMPLE = {"name": "flow", "type": "simple", "type_params": {"measure": {"name": "flow"}}}
CLOSING = {"name": "balance", "type": "simple", "type_params": {"measure": {"name": "balance"}}}


def one(metric: dict, *others: dict, measures: tuple[dict, ...] = (FLOW, BALANCE)) -> str:
    """DAX of `metric` over table t."""
    return expression(small_layer([metric, *others], list(measures)).metric(metric["name"]), "t")


def filtered(condition: str, measure: str = "flow") -> dict:
    return {"name": "m", "type": "simple", "type_params": {"measure": {"name": measure}}, "filter": {"where_filters": [{"where_sql_template": condition}]}}


def derived(expr: str, *inputs: str) -> dict:
    return {"name": "m", "type": "derived", "type_params": {"expr": expr, "metrics": [{"name": i} for i in inputs]}}


def test_a_flow_is_a_sum(layer):
    assert expression(layer.metric("billed_amount"), "Gestión comercial") == "SUM('Gestión comercial'[billed_amount])"


def test_a_balance_is_summed_at_the_last_month_of_the_context(layer):
    assert expression(layer.metric("receivable_amount"), "t") == (
        "VAR UltimoMes = MAX('t'[period_month])\nRETURN\n    SUMX(FILTER('t', 't'[period_month] = UltimoMes), 't'[receivable_amount])"
    )


def test_a_ratio_divides_by_a_fixed_decimal(layer):
    """Else DAX gives RD$ ÷ contracts as a Fixed Decimal, rounded to four decimals."""
    assert expression(layer.metric("billing_coverage"), "t") == "DIVIDE(SUM('t'[billed_contracts]), CURRENCY(SUM('t'[active_contracts])))"


def test_quotes_in_names_are_doubled():
    assert expression(small_layer([dict(SIMPLE)], [FLOW]).metric("flow"), "D'Oro]") == "SUM('D''Oro]'[amount])"


def test_every_metric_of_the_layer_has_dax(layer):
    assert all(expression(m, "t") for m in [*layer.metrics.values(), *layer.internal.values()])


@pytest.mark.parametrize(
    ("metric", "others", "reason"),
    [
        (derived("flow / balance", "flow", "balance"), (SIMPLE, CLOSING), "divides"),
        (derived("flow * balance", "flow", "balance"), (SIMPLE, CLOSING), "multiplies money"),
        (derived("flow * 0.18", "flow"), (SIMPLE,), "is no integer"),
        (derived("sqrt(flow)", "flow"), (SIMPLE,), "no exact translation"),
        (derived("flow + other", "flow"), (SIMPLE,), "is no input"),
        (derived("flow +", "flow"), (SIMPLE,), "not understood"),
        (filtered("{{ Dimension('t__place') }} like 'M%'"), (), "no exact translation"),
        (filtered("{{ Dimension('t__place') }} > 'M'"), (), "no exact translation"),
        (filtered("not ({{ Dimension('t__place') }} = 'M')"), (), "no exact translation"),
        (filtered("{{ Dimension('t__place') }} = lower('M')"), (), "no exact translation"),
        (filtered("{{ Dimension('other__place') }} = 'M'"), (), "another entity"),
        (filtered("{{ TimeDimension('t__period_month', 'year') }} = '2026-01-01'"), (), "changes the grain"),
        (filtered("{{ TimeDimension('t__period_month', 'month') }} = 'enero'"), (), "no exact translation"),
        (filtered("1 = 1"), (), "no exact translation"),
        ({"name": "m", "type": "cumulative", "type_params": {"measure": {"name": "flow"}}}, (), "cumulative"),
        ({"name": "m", "type": "simple", "type_params": {"measure": {"name": "flow", "join_to_timespine": True}}}, (), "time spine"),
    ],
)
def test_what_is_not_exact_is_refused(metric, others, reason):
    with pytest.raises(UntranslatableMetric, match=reason) as error:
        one(dict(metric), *(dict(o) for o in others))
    assert "'m'" in str(error.value)


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ({"name": "flow", "agg": "sum", "expr": "amount * 2"}, "only added or subtracted"),
        ({"name": "flow", "agg": "max", "expr": "amount - n"}, "not a column"),
        ({"name": "flow", "agg": "sum_boolean", "expr": "amount"}, "aggregation 'sum_boolean'"),
        ({"name": "flow", "agg": "median", "expr": "amount / 2"}, "expression"),
        ({"name": "flow", "agg": "max", "expr": "amount", "non_additive_dimension": {"name": "period_month", "window_choice": "max"}}, "agg sum"),
        ({"name": "flow", "agg": "sum", "expr": "amount", "non_additive_dimension": {"name": "period_month", "window_choice": "min"}}, "last value"),
        ({"name": "flow", "agg": "percentile", "expr": "amount", "agg_params": {"percentile": 0.5, "use_discrete_percentile": True}}, "continuous"),
        ({"name": "flow", "agg": "percentile", "expr": "amount", "agg_params": {"percentile": 0.5, "use_approximate_percentile": True}}, "continuous"),
        ({"name": "flow", "agg": "median", "expr": "amount", "non_additive_dimension": {"name": "period_month", "window_choice": "max"}}, "agg sum"),
    ],
)
def test_measures_that_are_not_exact_are_refused(measure, reason):
    with pytest.raises(UntranslatableMetric, match=reason):
        one(dict(SIMPLE), measures=(measure,))


def test_a_ratio_over_a_ratio_is_refused():
    share = {"name": "share", "type": "ratio", "type_params": {"numerator": {"name": "flow"}, "denominator": {"name": "balance"}}}
    nested = {"name": "m", "type": "ratio", "type_params": {"numerator": {"name": "flow"}, "denominator": {"name": "share"}}}
    with pytest.raises(UntranslatableMetric, match="no plain sum"):
        one(nested, share, dict(SIMPLE), dict(CLOSING))


# -- compared with PostgreSQL, over awkward values
@pytest.fixture(scope="module")
def mart(own_database):
    return fill_mart(own_database)


def as_power_bi(value):
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return float(value) if isinstance(value, Decimal) else value


def evaluate(layer, rows, names, context=None):
    """Values by metric, from the DAX evaluator, over the invented rows. Fails when it could not evaluate."""
    tables = {"t": {"columns": list(rows[0]), "rows": [[as_power_bi(v) for v in r.values()] for r in rows]}}
    engine.mark_currency_columns(tables, {"t": ["amount"]})
    measures = {n: expression(layer.metric(n), "t") for n in names}
    found = engine.evaluate_measures_batch(names, tables, measures, context)
    assert not engine._engine.eval_errors
    assert not engine._engine.unsupported_functions
    return {k: None if v is None else Decimal(repr(float(v))) for k, v in found.items()}


@pytest.mark.parametrize("place", [None, *PLACES, "Cero", "no hay"])
@pytest.mark.parametrize("months", [None, MONTHS[:2], [MONTHS[3]]])
def test_dax_gives_what_postgresql_gives(mart, place, months):
    conn, layer, rows = mart
    names = ["flow", "balance", "here", "here_balance", "total"]
    where = ({} if place is None else {"place": place}) | ({} if months is None else {"period_month": months})
    context = {f"t.{k}": [as_power_bi(x) for x in (v if isinstance(v, list) else [v])] for k, v in where.items()}
    [expected] = fetch(conn, names, where=where, layer=layer)
    assert evaluate(layer, rows, names, context) == expected
    [ratio] = fetch(conn, "share", where=where, layer=layer)
    found = evaluate(layer, rows, ["share"], context)["share"]
    assert found == ratio["share"] or abs(found - ratio["share"]) <= abs(ratio["share"]) * Decimal("1e-9")


PERCENTILES = [
    {"name": "middle", "agg": "median", "expr": "amount"},
    {"name": "high", "agg": "percentile", "expr": "amount", "agg_params": {"percentile": 0.9, "use_discrete_percentile": False}},
]


def percentile_layer():
    """middle, high, here_middle (filtered), share (a median over a sum)."""
    metrics = [{"name": n, "type": "simple", "type_params": {"measure": {"name": n}}} for n in ("middle", "high", "flow")]
    here = filtered("{{ Dimension('t__place') }} = 'Moca'", "middle") | {"name": "here_middle"}
    share = {"name": "share", "type": "ratio", "type_params": {"numerator": {"name": "middle"}, "denominator": {"name": "flow"}}}
    return small_layer([*metrics, here, share], [FLOW, *PERCENTILES])


@pytest.mark.parametrize("place", [None, *PLACES, "Cero", "no hay"])
def test_medians_and_percentiles_are_those_of_postgresql(own_database, mart, place):
    """Over a column with NULLs, which neither counts; amounts to the mil, which a Fixed Decimal could not interpolate exactly."""
    _, _, rows = mart
    rows = [{**r, "amount": None if i % 7 == 3 else r["amount"] and r["amount"] + Decimal(i % 10) / 1000} for i, r in enumerate(rows)]
    own_database.execute("drop table if exists marts.t; create table marts.t (period_month date, place text, n int, amount numeric(18, 3))")
    with own_database.cursor() as cursor:
        cursor.executemany("insert into marts.t values (%(period_month)s, %(place)s, %(n)s, %(amount)s)", rows)
    layer, names = percentile_layer(), ["middle", "high", "here_middle", "share"]
    [expected] = fetch(own_database, names, where={} if place is None else {"place": place}, layer=layer)
    values = sorted(r["amount"] for r in rows if r["amount"] is not None and place in (None, r["place"]))
    assert expected["middle"] == (pytest.approx(median(values), rel=Decimal("1e-12")) if values else None)
    found = evaluate(layer, rows, names, {} if place is None else {"t.place": [place]})
    for name in names:
        assert found[name] == expected[name] or abs(found[name] - expected[name]) <= abs(expected[name]) * Decimal("1e-12"), name
    fill_mart(own_database)


@pytest.mark.parametrize("place", [None, *PLACES, "no hay"])
def test_columns_are_added_and_subtracted_as_in_postgresql(own_database, mart, place):
    """A row that lacks one of them adds nothing, of a flow and of a balance."""
    _, _, rows = mart
    rows = [{**r, "n": None if i % 5 == 2 else r["n"]} for i, r in enumerate(rows)]
    own_database.execute("drop table if exists marts.t; create table marts.t (period_month date, place text, n int, amount numeric(18, 2))")
    with own_database.cursor() as cursor:
        cursor.executemany("insert into marts.t values (%(period_month)s, %(place)s, %(n)s, %(amount)s)", rows)
    expr = "amount - (n + amount) - n"
    layer = small_layer([dict(SIMPLE), dict(CLOSING), filtered("{{ Dimension('t__place') }} = 'Moca'", "balance")],
                        [{**FLOW, "expr": expr}, {**BALANCE, "expr": expr}])
    names, where = ["flow", "balance", "m"], {} if place is None else {"place": place}
    [expected] = fetch(own_database, names, where=where, layer=layer)
    assert evaluate(layer, rows, names, {f"t.{k}": [v] for k, v in where.items()}) == expected
    fill_mart(own_database)


def test_a_median_cannot_be_a_denominator():
    """CURRENCY would round it."""
    share = {"name": "m", "type": "ratio", "type_params": {"numerator": {"name": "flow"}, "denominator": {"name": "middle"}}}
    middle = {"name": "middle", "type": "simple", "type_params": {"measure": {"name": "middle"}}}
    with pytest.raises(UntranslatableMetric, match="no plain sum"):
        one(share, dict(SIMPLE), middle, measures=(FLOW, *PERCENTILES))


CONDITIONS = [
    "{{ Dimension('t__place') }} = 'Moca'",
    "{{ Dimension('t__place') }} <> 'Moca'",
    "{{ Dimension('t__place') }} = 'MOCA'",
    "{{ Dimension('t__place') }} <> 'MOCA'",
    "{{ Dimension('t__place') }} in ('Moca', 'Ñuñoa')",
    "{{ Dimension('t__place') }} not in ('Moca', 'Ñuñoa', '')",
    "{{ Dimension('t__place') }} = 'O''Higgins \"El Viejo\"'",
    "{{ Dimension('t__place') }} = ''",
    "{{ Dimension('t__n') }} >= 2 and {{ Dimension('t__place') }} = 'Moca'",
    "{{ Dimension('t__n') }} = 1 or {{ Dimension('t__place') }} = 'Moca'",
    "{{ Dimension('t__place') }} is null",
    "{{ Dimension('t__place') }} is not null",
    "{{ TimeDimension('t__period_month', 'month') }} <= '2026-02-01'",
    "{{ TimeDimension('metric_time', 'month') }} = '2026-03-01'",
]


@pytest.mark.parametrize("measure", ["flow", "balance"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_filters_give_what_postgresql_gives(own_database, mart, condition, measure):
    """With NULL and the empty text among the values, and filters that differ from a value in case only."""
    _, _, rows = mart
    rows = [*rows, {**rows[0], "place": None}, {**rows[-1], "place": None, "n": None}]
    own_database.execute("drop table if exists marts.t; create table marts.t (period_month date, place text, n int, amount numeric(18, 2))")
    with own_database.cursor() as cursor:
        cursor.executemany("insert into marts.t values (%(period_month)s, %(place)s, %(n)s, %(amount)s)", rows)
    layer = small_layer([filtered(condition, measure)], [FLOW, BALANCE])
    for month in [None, *MONTHS]:
        where = {} if month is None else {"period_month": month}
        [expected] = fetch(own_database, "m", where=where, layer=layer)
        assert evaluate(layer, rows, ["m"], {f"t.{k}": [as_power_bi(v)] for k, v in where.items()}) == expected
    fill_mart(own_database)


def test_blank_plus_something_is_blank_as_in_sql(mart):
    """SQL: NULL + x is NULL. DAX alone would give x."""
    conn, layer, rows = mart
    groups = defaultdict(list)
    for r in rows:
        groups[r["place"]].append(r)
    [expected] = fetch(conn, "total", where={"place": "Ñuñoa"}, layer=layer)
    assert expected["total"] is None
    assert evaluate(layer, rows, ["total"], {"t.place": ["Ñuñoa"]}) == {"total": None}
