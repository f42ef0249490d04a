"""Every Superset chart's SQL against PostgreSQL, without Superset's cache; some of them beside the same question asked of the raw tables."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.warehouse import charts
from benchmarks.warehouse.bench import Bench
from caudal import warehouse

RAW = Path(__file__).parents[1] / "raw_queries"
TARGET_MS, RUNS, RAW_RUNS = 300.0, 10, 3
SAME = 1e-6  # relative: numbers of both ways are told apart from here on


def measure(bench: Bench) -> Section:
    """RUNS rounds over all questions, the first apart: it finds the server just started, with none of the marts in its memory."""
    with bench.warehouse() as lab:
        bench.ready(lab)
        last = lab.last_month()
        asked = list(charts.questions(last))
        bench.tell(f"{len(asked)} questions, {RUNS} rounds")
        times: dict[str, list[float]] = {}
        rows: dict[str, list[tuple]] = {}
        with warehouse.connect("read", autocommit=True) as read, warehouse.connect("pii", autocommit=True) as pii:
            for _ in range(RUNS + 1):
                for question in asked:
                    ms, found = timed(pii if question.is_pii else read, question.sql)
                    name = f"{question.dashboard}/{question.chart}"
                    times.setdefault(name, []).append(ms)
                    rows[name] = found
        raw = _raw(bench, last, times, rows)
    warm = {name: taken[1:] for name, taken in times.items()}
    everything = [ms for taken in warm.values() for ms in taken]
    by_p95 = sorted(warm, key=lambda name: -percentile(warm[name], 0.95))
    over = [name for name in by_p95 if percentile(warm[name], 0.95) > TARGET_MS]
    summary = [["all charts", len(warm), statistics.median(everything), percentile(everything, 0.95), max(everything), len(over)],
               ["first time each", len(times), statistics.median(t[0] for t in times.values()), percentile([t[0] for t in times.values()], 0.95),
                max(t[0] for t in times.values()), sum(t[0] > TARGET_MS for t in times.values())]]
    return Section("queries", str(bench.size), [
        Sheet("Charts", ["what", "charts", "p50, ms", "p95, ms", "most, ms", f"over {TARGET_MS:.0f} ms"], summary, "One connection, one question after another."),
        Sheet("The slowest charts", ["dashboard/chart", "p50, ms", "p95, ms", "first, ms", "rows"],
              [[n, statistics.median(warm[n]), percentile(warm[n], 0.95), times[n][0], len(rows[n])] for n in by_p95[:25]]),
        Sheet("The same question asked of raw", ["chart", "marts, ms", "raw, ms", "times as long", "same answer"], raw,
              "By hand over the raw tables, with their indexes; the same answer: all numbers of both ways, to one in a million."),
    ], [Verdict("p95 of all charts, ms", percentile(everything, 0.95), "≤", TARGET_MS, bench.judged),
        Verdict("p95 of the slowest chart, ms", percentile(warm[by_p95[0]], 0.95), "≤", TARGET_MS, bench.judged)], raw={"ms": times})


def timed(conn: psycopg.Connection, query: str, values: dict[str, Any] | None = None) -> tuple[float, list[tuple]]:
    """Milliseconds until all rows are here, and the rows."""
    started = time.perf_counter()
    found = conn.execute(query, values).fetchall()
    return (time.perf_counter() - started) * 1000, found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _raw(bench: Bench, last: date, times: dict[str, list[float]], rows: dict[str, list[tuple]]) -> list[list]:
    first = date(last.year - 1, last.month, 1)
    table = []
    with warehouse.connect(autocommit=True) as conn:
        for file in sorted(RAW.glob("*.sql")):
            name = next((n for n in times if n.endswith(f"/{file.stem}")), None)
            if name is None:
                raise LookupError(f"{file}: no dashboard shows a chart {file.stem}")
            bench.tell(f"raw: {file.stem}")
            query = file.read_text()
            taken = [timed(conn, query, {"first": first, "last": last}) for _ in range(RAW_RUNS)]
            ms, of_mart = statistics.median(t for t, _ in taken), statistics.median(times[name][1:])
            table.append([name, of_mart, ms, ms / of_mart, "yes" if same(rows[name], taken[0][1]) else "NO"])
    return table


def same(mart: list[tuple], raw: list[tuple]) -> bool:
    """Whether the numbers that both have agree; rows are known by their labels, and a row of zeros may be missing in one."""
    def keyed(found: list[tuple], width: int) -> dict[tuple, list[float]]:
        out = {}
        for row in found:
            values = [float(v) for v in row if v is not None and not isinstance(v, str | date)][:width]
            if any(values):
                out[tuple(str(v)[:10] if isinstance(v, date) else v for v in row if isinstance(v, str | date))] = values
        return out

    width = max((sum(v is not None and not isinstance(v, str | date) for v in row) for row in raw), default=0)
    left, right = keyed(mart, width), keyed(raw, width)
    return left.keys() == right.keys() and all(
        len(left[k]) == len(right[k]) and all(math.isclose(a, b, rel_tol=SAME) for a, b in zip(left[k], right[k], strict=True)) for k in left)
