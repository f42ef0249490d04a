"""ops.sum_at_last: the month-end balance aggregate, against plain Python on the same rows."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from caudal import warehouse

D1, D2 = date(2026, 9, 1), date(2026, 10, 1)


def _sum_at_last(rows: list[tuple[date | None, Decimal | None]]) -> Decimal | None:
    dated = [row for row in rows if row[0] is not None]
    last = max((row[0] for row in dated), default=None)
    values = [row[1] for row in dated if row[0] == last and row[1] is not None]
    return sum(values) if values else None


def _in_database(conn, rows):
    return conn.execute(
        "select ops.sum_at_last(d, v) from unnest(%s::date[], %s::numeric[]) as t (d, v)", [[r[0] for r in rows], [r[1] for r in rows]]
    ).fetchone()[0]


@pytest.mark.parametrize("rows", [
    [],
    [(None, Decimal(5))],
    [(D1, None)],
    [(D1, Decimal("10.10")), (D2, Decimal("0.01")), (D2, Decimal("0.02"))],
    [(D2, Decimal("0.02")), (D1, Decimal("10.10")), (None, Decimal(99))],
    [(D2, None), (D2, Decimal("3.33")), (D2, None)],
    [(D1, Decimal(7)), (D2, None)],
    [(D2, Decimal("-5.00")), (D2, Decimal("5.00"))],
])
def test_balance_is_that_of_the_last_date(home, rows):
    with warehouse.connect("read") as conn:
        assert _in_database(conn, rows) == _sum_at_last(rows)


def test_exact_and_the_same_in_parallel(home):
    draw = random.Random(7)
    rows = [(D1 + timedelta(days=draw.randrange(40)), Decimal(draw.randrange(-10**9, 10**9)) / 100) for _ in range(40_000)]
    with warehouse.connect() as conn:
        conn.execute("create table ops.sum_at_last_probe (d date, v numeric(18, 2))")
        with conn.cursor() as cursor, cursor.copy("copy ops.sum_at_last_probe from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        conn.execute("alter table ops.sum_at_last_probe set (parallel_workers = 2)")
        conn.execute("analyze ops.sum_at_last_probe")
        for setting in ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"):
            conn.execute(f"set local {setting}")
        query = "select ops.sum_at_last(d, v) from ops.sum_at_last_probe"
        plan = "\n".join(row[0] for row in conn.execute(f"explain {query}"))
        assert "Partial Aggregate" in plan, plan
        assert conn.execute(query).fetchone()[0] == _sum_at_last(rows)
        conn.rollback()
