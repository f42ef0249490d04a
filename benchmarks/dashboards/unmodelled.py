"""The same chart on Odoo's tables as they are (`raw/*.sql`, written by hand), against the mart: both in PostgreSQL, without Superset."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from pathlib import Path

from psycopg import Connection

from benchmarks.common.report import Section, Sheet
from benchmarks.dashboards.lab import Lab, quantile
from caudal import warehouse

FOLDER = Path(__file__).with_name("raw")
OPEN_ITEMS = (FOLDER / "_open_items.sql").read_text()
MONTHS = {"antiguedad": 1, "sector_antiguedad": 1, "cuentas_por_cobrar": 13}


def measure(lab: Lab) -> Section:
    """Seconds of each, and whether both find the same total."""
    rows, raw = [], {}
    with warehouse.connect("owner") as conn:
        last = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
        for path in sorted(p for p in FOLDER.glob("*.sql") if not p.name.startswith("_")):
            name = path.stem
            statement = (OPEN_ITEMS if name in MONTHS else "") + path.read_text()
            values = {"month": last, "months": [_before(last, i) for i in range(MONTHS.get(name, 0))]}
            by_hand = [_timed(conn, statement, values) for _ in range(lab.rounds)]
            sql, total_of = lab.modelled(name)
            modelled = [_timed(conn, sql, None) for _ in range(lab.rounds)]
            # the first column of figures: `amount` by hand, the chart's first metric on the mart
            total, same = _total(by_hand[0][1], "amount"), _total(modelled[0][1], total_of)
            ratio = quantile([s for s, _ in by_hand], 0.5) / quantile([s for s, _ in modelled], 0.5)
            rows.append([name, quantile([s for s, _ in by_hand], 0.5) * 1000, quantile([s for s, _ in modelled], 0.5) * 1000, ratio,
                         "same" if total == same else f"{total - same:,.2f}"])
            raw[name] = {"raw_s": [s for s, _ in by_hand], "mart_s": [s for s, _ in modelled], "raw_total": str(total), "mart_total": str(same)}
    note = f"SQL only, no Superset. By hand: no cancelled contracts' history, no write-off rules, no filters by row. {lab.note}"
    return Section("unmodelled", lab.size, [Sheet("The chart on raw Odoo tables, ms", ["chart", "raw", "mart", "times", "difference of totals"], rows, note)], [], raw)


def _before(month: date, months: int) -> date:
    number = month.year * 12 + month.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _timed(conn: Connection, statement: str, values: dict | None) -> tuple[float, list[dict]]:
    started = time.perf_counter()
    cursor = conn.execute(statement, values)
    found = cursor.fetchall()
    seconds = time.perf_counter() - started
    names = [column.name for column in cursor.description]
    return seconds, [dict(zip(names, row, strict=True)) for row in found]


def _total(rows: list[dict], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))
