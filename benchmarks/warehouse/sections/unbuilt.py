"""Every chart's question of the marts, beside the same asked of the raw tables with nothing built; both must answer the same."""

from __future__ import annotations

import statistics

import psycopg
from rich.progress import track

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.warehouse import charts
from benchmarks.warehouse.bench import Bench
from benchmarks.warehouse.sections.queries import timed
from benchmarks.warehouse.unbuilt import Unbuilt
from caudal import warehouse

RUNS = 3  # of the marts; raw is asked once
LIMIT_S = 120


def measure(bench: Bench) -> Section:
    """All charts, each as the first dashboard that shows it opens it."""
    with bench.warehouse() as lab:
        bench.ready(lab)
        asked = {question.chart: question for question in reversed(list(charts.questions(lab.last_month())))}
        with warehouse.connect(autocommit=True) as conn:
            bench.tell("the models as they are without being built")
            unbuilt = Unbuilt.of(conn)
            bench.tell(f"{len(asked)} questions, each of the marts and of raw")
            conn.execute(f"set statement_timeout = '{LIMIT_S}s'")
            rows = [_both(conn, unbuilt, question) for question in track(asked.values(), "", console=bench.console)]
    answered = [row for row in rows if row[-1] != "no answer"]
    different = [row for row in rows if row[-1] == "NO"]
    dashboards = sorted({row[0].partition("/")[0] for row in rows})
    return Section("unbuilt", str(bench.size), [
        Sheet("The same question of marts and of raw, chart by chart", ["dashboard", "charts", "marts, ms (median)", "raw, ms (median)", "raw, ms (most)",
              "times as long (median)", "the same answer"], [_summary(name, rows) for name in (*dashboards, "")],
              f"Raw: the mart's own SQL down to the tables as replicated, each step made once for the question. Not within {LIMIT_S} s: no answer."),
        Sheet("Charts that are slowest of raw", ["chart", "marts, ms", "raw, ms", "times as long", "the same answer"],
              sorted(rows, key=lambda row: -row[2])[:15]),
    ], [Verdict("charts that raw answers otherwise than the marts", float(len(different)), "≤", 0.0, True),
        Verdict("charts that raw answers in time", float(len(answered)), "≥", float(len(rows)), False)], raw={"charts": rows})


def _both(conn: psycopg.Connection, unbuilt: Unbuilt, question: charts.Question) -> list:
    of_mart = [timed(conn, question.sql) for _ in range(RUNS)]
    ms = statistics.median(taken for taken, _ in of_mart)
    try:
        raw_ms, found = timed(conn, unbuilt.asked(question.sql))
        answer = "yes" if sorted(map(repr, found)) == sorted(map(repr, of_mart[0][1])) else "NO"
    except psycopg.errors.QueryCanceled:
        raw_ms, answer = LIMIT_S * 1000.0, "no answer"
    return [f"{question.dashboard}/{question.chart}", ms, raw_ms, raw_ms / ms, answer]


def _summary(dashboard: str, rows: list[list]) -> list:
    mine = [row for row in rows if not dashboard or row[0].startswith(f"{dashboard}/")]
    of = lambda column: [row[column] for row in mine]
    return [dashboard or "all", len(mine), statistics.median(of(1)), statistics.median(of(2)), max(of(2)), statistics.median(of(3)),
            f"{of(4).count('yes')} of {len(mine)}"]
