"""The build after a day of work (0.2 % of the raw rows changed), over the full build of the same warehouse; and the build that closes a month."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.warehouse import change
from benchmarks.warehouse.bench import Bench, full_of, median, slowest
from benchmarks.warehouse.lab import Built, Lab

SHARE, TARGET = 0.002, 0.05
QUARTER = timedelta(days=92)
CLOSES_ON = date(2026, 12, 1)


def days(bench: Bench, lab: Lab, rows: int, rounds: int, any_age: bool = False) -> list[tuple[int, Built]]:
    """(rows written, build) of `rounds` days after one that is not counted: from the second on each side of the marts is two days behind, as in production.

    What is late in them is of the last quarter, or with `any_age` of the whole history.
    """
    found = []
    for i in range(rounds + 1):
        written = sum(a_day(lab, rows, any_age).values())
        built = bench.built(lab, f"day {lab.state()['days']}, {written:,} rows, late ones of {'any age' if any_age else 'the last quarter'}", lab.build)
        if i:
            found.append((written, built))
    return found


def a_day(lab: Lab, rows: int, any_age: bool = False) -> dict[str, int]:
    """Write the next day of work; the rows written, by entity."""
    day = lab.state()["days"] + 1
    today = lab.date_of(day)
    written = change.a_day(day, rows, today, change.ANY_AGE if any_age else today - QUARTER)
    lab.state(days=day)
    return written


def measure(bench: Bench) -> Section:
    """`rounds` days of each kind; the median counts."""
    with bench.warehouse() as lab:
        bench.ready(lab)
        full, state = full_of(lab), lab.state()
        changed = round(state["rows"] * SHARE)
        found = days(bench, lab, changed, bench.rounds)
        old = days(bench, lab, changed, bench.rounds, any_age=True)
        closing_rows = sum(a_day(lab, changed).values())
        closing = bench.built(lab, f"a day, and the business day {CLOSES_ON} closes a month", lambda: lab.build(today=CLOSES_ON))
        lab.state(ready=False)  # the business day goes back: the next section builds anew
    kinds = {"its late rows of the last quarter": found, "its late rows of any age": old}
    split = lambda b: [b.seconds, b.of_kind("model", "snapshot", "seed"), b.of_kind("test"), b.of_kind("unit_test"), b.peak_gb]
    work = lambda b: b.of_kind("model", "snapshot", "test")
    rows = [["full", state["rows"], *split(full)], *[[f"a day, {kind}", n, *split(b)] for kind, built in kinds.items() for n, b in built],
            ["a day that closes a month", closing_rows, *split(closing)]]
    return Section("daily", str(bench.size), [
        Sheet("A day of work", ["build", "raw rows written", "s", "models, s", "tests, s", "unit tests, s", "disk at most, GB"], rows,
              "Seconds of models and tests are sums: dbt runs several at once."),
        *[Sheet(f"Slowest nodes of a day, {kind}", ["node", "kind", "s", "s in the full build", "rows"], slowest(built[-1][1], full, 25))
          for kind, built in kinds.items()],
    ], [
        *[Verdict(f"build after a day ({kind}) over the full build", median(b.seconds for _, b in built) / full.seconds, "≤", TARGET, bench.judged)
          for kind, built in kinds.items()],
        *[Verdict(f"models and tests of a day ({kind}) over those of the full build", median(work(b) for _, b in built) / work(full), "≤", TARGET, False)
          for kind, built in kinds.items()],
    ], raw={"seconds": {kind: [b.seconds for _, b in built] for kind, built in kinds.items()}, "full_seconds": full.seconds, "closing_seconds": closing.seconds,
            "nodes": {"full": full.nodes, "closing": closing.nodes} | {kind: built[-1][1].nodes for kind, built in kinds.items()}})
