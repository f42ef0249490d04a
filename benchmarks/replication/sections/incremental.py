"""Increments: what does a run cost when a share of the rows changed, as a share of a full one? With and without an index on write_date."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.replication import dataset
from benchmarks.replication.bench import MEMORY_MB, Bench, median
from benchmarks.replication.entities import entities
from benchmarks.replication.job import Outcome
from benchmarks.replication.sections.first_load import replicated

JUDGED_SHARE, LIMIT = 0.01, 0.03
SMALL = (0.0, 0.001, 0.002, 0.01)  # in every round
LARGE = (0.05, 0.2, 1.0)  # once: they leave the source twice as large
INDEXES = {"no index, as Odoo has it": False, "index on write_date": True}


def measure(bench: Bench) -> Section:
    """Each round: a first load into an empty warehouse, the same again with --full, then increments of growing shares. On a copy of the
    source, thrown away."""
    section = Section("incremental", bench.size)
    wanted = entities()
    database = bench.lab.reference(bench.lines)
    found: dict[tuple[str, float], list[_Round]] = defaultdict(list)
    for title, indexed in INDEXES.items():
        with bench.lab.clone(database) as copy:
            dataset.index_changes(bench.lab.dsn(copy), indexed)
            for number in range(1, bench.rounds + 1):
                bench.doing(f"{title}, round {number}: first load")
                first = bench.done(f"{number} {title}: first load", replicated(bench, copy, wanted))
                bench.doing(f"{title}, round {number}: --full")
                full = bench.done(f"{number} {title}: --full", replicated(bench, copy, wanted, fresh=False, full=True))
                for share in SMALL + (LARGE if number == bench.rounds else ()):
                    found[title, share].append(_Round(_increment(bench, copy, wanted, share, f"{number} {title}"), full, first))
    shares = sorted({share for _, share in found})
    rows = []
    for share in shares:
        row: list = [f"{share:.1%}"]
        for title in INDEXES:
            rounds = found[title, share]
            row += [rounds[0].increment.rows, median(r.increment.seconds for r in rounds), median(r.of_full for r in rounds),
                    median(r.of_first for r in rounds), max(r.increment.peak_mb for r in rounds)]
        rows.append(row)
    every = [r for rounds in found.values() for r in rounds]
    section.sheets.append(Sheet(
        f"Increments: share of a full run ({median(r.full.seconds for r in every):.1f} s) and of the first load into empty tables "
        f"({median(r.first.seconds for r in every):.1f} s)",
        ["changed", *(f"{name} ({'index' if indexed else 'no index'})" for indexed in INDEXES.values()
                      for name in ("rows", "s", "of full", "of first", "peak MB"))], rows,
        f"Nine of ten changed rows are among the newest twentieth. Up to 1 % median of {bench.rounds} rounds, above once. The work alone, without the "
        "start of Python."))
    for title in INDEXES:
        rounds = found[title, JUDGED_SHARE]
        section.verdicts.append(Verdict(f"increment of 1 %, {title}: share of a full run", median(r.of_full for r in rounds), "≤", LIMIT, bench.judged))
        section.verdicts.append(Verdict(f"increment of 1 %, {title}: share of the first load", median(r.of_first for r in rounds), "≤", LIMIT, bench.judged))
    peak = max(r.increment.peak_mb for r in every)
    section.verdicts.append(Verdict("increments of up to 100 %: peak memory", peak, "≤", MEMORY_MB, unit="MB"))
    section.raw = {f"{title} · {share}": [asdict(r) for r in rounds] for (title, share), rounds in found.items()}
    return section


@dataclass(frozen=True)
class _Round:
    """An increment, and the two full loads of its round: every row read again (`--full`), and the first into empty tables."""

    increment: Outcome
    full: Outcome
    first: Outcome

    @property
    def of_full(self) -> float:
        return self.increment.seconds / self.full.seconds

    @property
    def of_first(self) -> float:
        return self.increment.seconds / self.first.seconds


def _increment(bench: Bench, database: str, wanted: list, share: float, label: str) -> Outcome:
    bench.doing(f"{label}: {share:.1%} changed")
    changed = dataset.change(bench.lab.dsn(database), share) if share else 0
    outcome = replicated(bench, database, wanted, fresh=False)
    if not changed <= outcome.rows or outcome.details["changed"] != changed:
        raise RuntimeError(f"{changed} rows were changed, {outcome.rows} read and {outcome.details['changed']} stored.")
    return bench.done(f"{label}: {share:.1%} changed", outcome)
