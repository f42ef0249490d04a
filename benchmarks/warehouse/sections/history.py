"""The same day of work (as many changed rows) at 12, 36 and 60 months of history: whether a daily build follows the change or the history."""

from __future__ import annotations

import math
from itertools import pairwise

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.warehouse.bench import Bench, full_of, median
from benchmarks.warehouse.lab import Size
from benchmarks.warehouse.sections.daily import SHARE, days

MONTHS = (12, 36, 60)
GROWTH = 0.5  # log-log slope; 0: history costs nothing, 1: all of it is read each day


def measure(bench: Bench) -> Section:
    """The change is 0.2 % of the rows of the shortest history, in all three."""
    points, rows, nodes, changed = [], [], {}, None
    for months in MONTHS:
        with bench.warehouse(Size(bench.size.contracts, months)) as lab:
            bench.ready(lab)
            full, state = full_of(lab), lab.state()
            changed = changed or round(state["rows"] * SHARE)
            found = days(bench, lab, changed, bench.rounds)
        seconds = median(b.seconds for _, b in found)
        work = {n["name"]: n["seconds"] for n in found[-1][1].nodes if n["kind"] in ("model", "snapshot", "test")}
        total = median(b.of_kind("model", "snapshot", "test") for _, b in found)
        points.append((months, total))
        nodes[months] = work
        rows.append([months, state["rows"], full.seconds, full.of_kind("model", "snapshot", "test"), found[-1][0], seconds, total, seconds / full.seconds])
    (first, least), (last, most) = points[0], points[-1]
    slope = math.log(most / least) / math.log(last / first)
    grown = sorted(((name, nodes[first].get(name, 0.0), s) for name, s in nodes[last].items()), key=lambda g: g[1] - g[2])[:20]
    return Section("history", str(bench.size), [
        Sheet("The same day of work over three histories", ["months", "raw rows", "full build, s", "its models and tests, s", "rows written", "daily build, s",
                                                            "its models and tests, s", "of the full build"], rows,
              f"Log-log slope of the models' and tests' seconds over months: {slope:.2f} (0: history costs nothing; 1: all of it is read each day)."),
        Sheet("What grew most with the history", ["node", f"s at {first} months", f"s at {last} months"], [list(g) for g in grown]),
    ], [Verdict("growth of a day's models and tests with the history (log-log slope)", slope, "≤", GROWTH, False)],
        raw={"points": points, "nodes": {str(k): v for k, v in nodes.items()},
             "slopes": [math.log(b / a) / math.log(m / n) for (n, a), (m, b) in pairwise(points)]})
