"""Every chart's data through Superset's chart-data API, as the browser asks it: from the database (`force`) and from the cache."""

from __future__ import annotations

import time
from collections import defaultdict

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.dashboards.lab import Lab, quantile

COLD_S, CACHED_S = 1.0, 0.150


def measure(lab: Lab) -> Section:
    """Chart by chart, one at a time; each round asks every chart cold and then cached."""
    cold: dict[str, list[float]] = defaultdict(list)
    cached: dict[str, list[float]] = defaultdict(list)
    slowest: dict[str, float] = defaultdict(float)
    for _ in range(lab.rounds):
        for slug, requests in lab.dashboards.items():
            for request in requests:
                seconds, _ = _timed(lab, request.body | {"force": True})
                cold[slug].append(seconds)
                slowest[f"{slug}: {request.chart}"] = max(slowest[f"{slug}: {request.chart}"], seconds)
                seconds, was_cached = _timed(lab, request.body)
                if was_cached or not lab.keeps(request.chart):
                    cached[slug].append(seconds)
                else:
                    raise RuntimeError(f"{slug}: {request.chart} did not come from the cache the second time")
    rows = [[slug, len(lab.dashboards[slug]), *(quantile(times[slug], q) * 1000 for times in (cold, cached) for q in (0.5, 0.95, 1))] for slug in cold]
    every = [[t for times in kind.values() for t in times] for kind in (cold, cached)]
    rows.append(["all", sum(map(len, lab.dashboards.values())), *(quantile(times, q) * 1000 for times in every for q in (0.5, 0.95, 1))])
    worst = sorted(slowest.items(), key=lambda item: -item[1])[:8]
    return Section(
        "charts", lab.size,
        [Sheet("Chart data, ms", ["dashboard", "charts", "cold p50", "p95", "most", "cached p50", "p95", "most"], rows, lab.note),
         Sheet("Slowest charts, cold", ["chart", "ms"], [[name, seconds * 1000] for name, seconds in worst])],
        [Verdict("p95 of a chart's data, cold", quantile(every[0], 0.95), "≤", COLD_S, lab.judged, "s"),
         Verdict("p95 of a chart's data, cached", quantile(every[1], 0.95), "≤", CACHED_S, lab.judged, "s")],
        {"cold_s": dict(cold), "cached_s": dict(cached), "slowest_s": dict(slowest)},
    )


def _timed(lab: Lab, body: dict) -> tuple[float, bool]:
    """(seconds, whether all of it came from the cache)."""
    started = time.perf_counter()
    answer = lab.client.post("/api/v1/chart/data", json=body)
    return time.perf_counter() - started, all(item["is_cached"] for item in answer["result"])
