"""Increments: what does a run cost when a share of the rows changed, as a share of the full load? With and without an index on write_date."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

from benchmarks.replication import dataset
from benchmarks.replication.bench import MEMORY_MB, Bench, median
from benchmarks.replication.entities import entities
from benchmarks.replication.job import Outcome
from benchmarks.replication.report import Section, Sheet, Verdict
from benchmarks.replication.sections.first_load import replicated

JUDGED_SHARE, LIMIT = 0.01, 0.03
SMALL = (0.0, 0.001, 0.002, 0.01)  # in every round
LARGE = (0.05, 0.2, 1.0)  # once: they leave the source twice as large
INDEXES = {"no index, as Odoo has it": False, "index on write_date": True}


def measure(bench: Bench) -> Section:
    """Each round: a full load into an empty warehouse, then increments of growing shares. On a copy of the source, thrown away."""
    section = Section("incremental", bench.size)
    wanted = entities()
    database = bench.lab.reference(bench.lines)
    found: dict[tuple[str, float], list[tuple[Outcome, Outcome]]] = defaultdict(list)  # (increment, the full load of its round)
    for title, indexed in INDEXES.items():
        with bench.lab.clone(database) as copy:
            dataset.index_changes(bench.lab.dsn(copy), indexed)
            for number in range(1, bench.rounds + 1):
                bench.doing(f"{title}, round {number}: full load")
                full = bench.done(f"{number} {title}: full load", replicated(bench, copy, wanted))
                for share in SMALL + (LARGE if number == bench.rounds else ()):
                    found[title, share].append((_increment(bench, copy, wanted, share, f"{number} {title}"), full))
    shares = sorted({share for _, share in found})
    rows = []
    for share in shares:
        row: list = [f"{share:.1%}"]
        for title in INDEXES:
            pairs = found[title, share]
            row += [pairs[0][0].rows, median(i.seconds for i, _ in pairs), median(i.seconds / f.seconds for i, f in pairs), max(i.peak_mb for i, _ in pairs)]
        rows.append(row)
    full = median(f.seconds for pairs in found.values() for _, f in pairs)
    section.sheets.append(Sheet(
        f"Increments: share of the full load ({full:.1f} s)",
        ["changed", *(f"{name} ({'index' if indexed else 'no index'})" for indexed in INDEXES.values() for name in ("rows", "s", "of full", "peak MB"))], rows,
        f"Changed rows are spread over all ages. Up to 1 % median of {bench.rounds} rounds, above once. The work alone, without the start of Python."))
    for title in INDEXES:
        ratio = median(i.seconds / f.seconds for i, f in found[title, JUDGED_SHARE])
        section.verdicts.append(Verdict(f"increment of 1 %, {title}: share of the full load", ratio, "≤", LIMIT, bench.judged))
    peak = max(i.peak_mb for pairs in found.values() for pair in pairs for i in pair)
    section.verdicts.append(Verdict("increments of up to 100 %: peak memory", peak, "≤", MEMORY_MB, unit="MB"))
    section.raw = {f"{title} · {share}": [{"increment": asdict(i), "full": asdict(f)} for i, f in pairs] for (title, share), pairs in found.items()}
    return section


def _increment(bench: Bench, database: str, wanted: list, share: float, label: str) -> Outcome:
    bench.doing(f"{label}: {share:.1%} changed")
    changed = dataset.change(bench.lab.dsn(database), share) if share else 0
    outcome = replicated(bench, database, wanted, fresh=False)
    if not changed <= outcome.rows or outcome.details["changed"] != changed:
        raise RuntimeError(f"{changed} rows were changed, {outcome.rows} read and {outcome.details['changed']} stored.")
    return bench.done(f"{label}: {share:.1%} changed", outcome)
