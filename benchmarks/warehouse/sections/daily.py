"""The build after a day of work (0.2 % of the raw rows changed), over the full build of the same warehouse; and the build that closes a month."""

from __future__ import annotations

from datetime import date

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.warehouse import change
from benchmarks.warehouse.bench import Bench, full_of, median, slowest
from benchmarks.warehouse.lab import Built, Lab

SHARE, TARGET = 0.002, 0.05
CLOSES_ON = date(2026, 12, 1)


def days(bench: Bench, lab: Lab, rows: int, rounds: int) -> list[tuple[int, Built]]:
    """(rows written, build) of `rounds` days after one that is not counted: from the second on each side of the marts is two days behind, as in production."""
    found = []
    for i in range(rounds + 1):
        day = lab.state()["days"] + 1
        written = sum(change.a_day(day, rows).values())
        lab.state(days=day)
        built = bench.built(lab, f"day {day}, {written:,} rows", lab.build)
        if i:
            found.append((written, built))
    return found


def measure(bench: Bench) -> Section:
    """`rounds` days; the median counts."""
    with bench.warehouse() as lab:
        bench.ready(lab)
        full, state = full_of(lab), lab.state()
        found = days(bench, lab, round(state["rows"] * SHARE), bench.rounds)
        change.a_day(lab.state()["days"] + 1, round(state["rows"] * SHARE))
        closing = bench.built(lab, f"a day, and the business day {CLOSES_ON} closes a month", lambda: lab.build(today=CLOSES_ON))
        lab.state(ready=False, days=lab.state()["days"] + 1)  # the business day goes back: the next section builds anew
    seconds = median(b.seconds for _, b in found)
    last = found[-1][1]
    split = lambda b: [b.seconds, b.of_kind("model", "snapshot", "seed"), b.of_kind("test"), b.of_kind("unit_test"), b.peak_gb]
    rows = [["full", state["rows"], *split(full)], *[[f"day {i}", n, *split(b)] for i, (n, b) in enumerate(found, 1)], ["a month closes", found[-1][0], *split(closing)]]
    work = median(b.of_kind("model", "snapshot", "test") for _, b in found) / full.of_kind("model", "snapshot", "test")
    return Section("daily", str(bench.size), [
        Sheet("A day of work", ["build", "raw rows written", "s", "models, s", "tests, s", "unit tests, s", "disk at most, GB"], rows,
              "Seconds of models and tests are sums: dbt runs several at once."),
        Sheet("Slowest nodes of the last day", ["node", "kind", "s", "s in the full build", "rows"], slowest(last, full, 25)),
    ], [Verdict("build after a day over the full build", seconds / full.seconds, "≤", TARGET, bench.judged),
        Verdict("models and tests of a day over those of the full build", work, "≤", TARGET, False)],
        raw={"seconds": [b.seconds for _, b in found], "full_seconds": full.seconds, "closing_seconds": closing.seconds,
             "nodes": {"full": full.nodes, "last": last.nodes, "closing": closing.nodes}})
