"""Many people at once: each opens a dashboard, reads, goes to another of its tabs, reads, opens the next. From the cache.

Asked at each step is what a browser asks, six requests at a time: at opening the charts over the tabs, those of the first tab and the values of the
filters; another tab's charts when it is gone to.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.dashboards.lab import Lab, quantile
from superset_assets.asked import Asked, values_of
from superset_assets.files import RowSpec

VIEWERS, OPENINGS, READING_S, CONNECTIONS = 50, 3, 20.0, 6
FILTER_VALUES = 1000
P95_S = 2.0


def measure(lab: Lab, viewers: int = VIEWERS) -> Section:
    """First people who come one by one and read; then, shown only, all of them in the same instant."""
    lab.warm()
    sheets, raw, verdicts = [], {}, []
    for name, reading, openings in (("coming and reading", READING_S, OPENINGS), ("all in one instant", 0.0, 1)):
        opened, charts, errors = _crowd(lab, viewers, openings, reading)
        sheets.append([name, len(opened), len(charts), len(errors), *(quantile(times, q) for times in (charts, opened) for q in (0.5, 0.95))])
        raw[name] = {"opened_s": opened, "charts_s": charts, "errors": errors}
        if reading:
            verdicts += [Verdict(f"errors of {viewers} viewers", float(len(errors)), "≤", 0, lab.judged),
                         Verdict(f"p95 of a chart's data, {viewers} viewers", quantile(charts, 0.95), "≤", P95_S, lab.judged, "s")]
        else:
            verdicts.append(Verdict(f"errors of {viewers} viewers in one instant", float(len(errors)), "≤", 0, lab.judged))
    columns = ["viewers", "dashboards and tabs opened", "charts", "errors", "chart p50, s", "p95", "all of one opening p50, s", "p95"]
    note = f"{viewers} viewers, reading {READING_S / 2:.0f} to {READING_S * 1.5:.0f} s between openings. The viewers run on this machine too. {lab.note}"
    return Section("viewers", lab.size, [Sheet(f"{viewers} concurrent viewers", columns, sheets, note)], verdicts, raw)


def _crowd(lab: Lab, viewers: int, openings: int, reading: float) -> tuple[list[float], list[float], list[str]]:
    """(seconds of each dashboard opened, of each chart, errors)."""
    opened: list[float] = []
    charts: list[float] = []
    errors: list[str] = []
    begin = threading.Barrier(viewers)

    def viewer(number: int) -> None:
        dice = random.Random(number)
        slugs = list(lab.dashboards)
        with requests.Session() as session, ThreadPoolExecutor(CONNECTIONS) as connections:
            session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
            session.headers.update(lab.client.session.headers)
            session.cookies.update(lab.client.session.cookies)
            steps = [step for turn in range(openings) for step in _steps(lab, slugs[(number + turn) % len(slugs)], dice)]
            begin.wait()
            time.sleep(dice.uniform(0, reading))
            for turn, asked in enumerate(steps):
                started = time.perf_counter()
                for seconds, error in connections.map(lambda request: _ask(lab, session, request), asked):
                    charts.append(seconds)
                    errors.extend([error] if error else [])
                opened.append(time.perf_counter() - started)
                time.sleep(dice.uniform(reading / 2, reading * 1.5) if turn + 1 < len(steps) else 0)

    with ThreadPoolExecutor(viewers) as people:
        list(people.map(viewer, range(viewers)))
    return opened, charts, errors


def _steps(lab: Lab, slug: str, dice: random.Random) -> list[list[Asked]]:
    """What is asked when the dashboard opens, and when one of its other tabs, chosen by chance, does."""
    board = lab.context.assets.dashboards[slug]
    requests_of = {request.chart: request for request in lab.dashboards[slug]}

    def charts(rows: list[RowSpec]) -> list[Asked]:
        return [requests_of[name] for row in rows for name in row.cells() if name in requests_of]

    filters = [Asked(slug, item.name, values_of(lab.client, item, FILTER_VALUES)) for item in board.filters.values()]
    first, *others = board.tabs or [None]
    opening = filters + charts([*board.top(), *(first.rows if first else [])])
    return [opening, charts(dice.choice(others).rows)] if others else [opening]


def _ask(lab: Lab, session: requests.Session, request: Asked) -> tuple[float, str | None]:
    started = time.perf_counter()
    try:
        answer = session.post(f"{lab.client.url}/api/v1/chart/data", json=request.body, timeout=60)
        error = None if answer.ok else f"{request.chart}: {answer.status_code} {answer.text[:200]}"
    except requests.RequestException as problem:
        error = f"{request.chart}: {type(problem).__name__}"
    return time.perf_counter() - started, error
