"""An invented layer and mart with awkward values, for constructs that the real layer does not use."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

from psycopg import Connection

from caudal.semantic import SemanticLayer
from caudal.semantic.reader import parse

MONTHS = [date(2026, m, 1) for m in (1, 2, 3, 4)]
PLACES = ["Moca", "La Vega", "O'Higgins \"El Viejo\"", "Ñuñoa", ""]


def small() -> SemanticLayer:
    """Metrics: flow, balance, share (balance over flow), here and here_balance (filtered), before (shifted in time), total (derived)."""
    here = {"where_filters": [{"where_sql_template": "{{ Dimension('t__place') }} = 'Moca'"}]}
    measures = [
        {"name": "flow", "agg": "sum", "expr": "amount"},
        {"name": "balance", "agg": "sum", "expr": "amount", "non_additive_dimension": {"name": "period_month", "window_choice": "max"}},
    ]
    metrics = [
        {"name": "flow", "type": "simple", "type_params": {"measure": {"name": "flow"}}},
        {"name": "balance", "type": "simple", "type_params": {"measure": {"name": "balance"}}},
        {"name": "here", "type": "simple", "type_params": {"measure": {"name": "flow"}}, "filter": here},
        {"name": "here_balance", "type": "simple", "type_params": {"measure": {"name": "balance"}}, "filter": here},
        {"name": "share", "type": "ratio", "type_params": {"numerator": {"name": "balance"}, "denominator": {"name": "flow"}}},
        {"name": "total", "type": "derived", "type_params": {"expr": "flow + here * 2", "metrics": [{"name": "flow"}, {"name": "here"}]}},
        {"name": "before", "type": "derived", "type_params": {"expr": "b", "metrics": [{"name": "flow", "alias": "b", "offset_window": "1 month"}]}},
    ]
    return small_layer(metrics, measures)


def rows() -> list[dict]:
    """Dense: every month × place × n. `Cero` has amounts of zero."""
    found = []
    for i, (month, place, n) in enumerate(itertools.product(MONTHS, [*PLACES, "Cero"], (1, 2))):
        amount = Decimal(0) if place == "Cero" else Decimal(10007 * (i + 1) % 99991) / 100
        found.append({"period_month": month, "place": place, "n": n, "amount": amount})
    return found


def fill_mart(conn: Connection) -> tuple[Connection, SemanticLayer, list[dict]]:
    """`marts.t` filled; (connection, layer, rows)."""
    made = rows()
    conn.execute("drop table if exists marts.t; create table marts.t (period_month date, place text, n int, amount numeric(18, 2))")
    with conn.cursor() as cursor:
        cursor.executemany("insert into marts.t values (%(period_month)s, %(place)s, %(n)s, %(amount)s)", made)
    return conn, small(), made


def small_layer(metrics: list[dict], measures: list[dict]) -> SemanticLayer:
    """A layer over one invented mart, `marts.t(period_month, place, n, amount)`: for constructs that the real layer does not use."""
    texts = dict.fromkeys(("label_es", "description_es", "formula_es", "folder", "owner", "source"), "x")
    meta = {**texts, "unit": "n", "format": ",.2f", "direction": "none"}
    for metric in metrics:
        metric.setdefault("config", {"meta": meta})
    model = {
        "name": "t", "node_relation": {"schema_name": "marts_next", "alias": "t"}, "primary_entity": "t",
        "defaults": {"agg_time_dimension": "period_month"}, "measures": measures,
        "dimensions": [
            {"name": "period_month", "type": "time", "type_params": {"time_granularity": "month"}},
            {"name": "place", "type": "categorical"}, {"name": "n", "type": "categorical"},
        ],
    }
    return parse({"semantic_models": [model], "metrics": metrics})
