"""Growth: time and memory of a full load and of a 1 % increment from 10⁴ lines to the size asked, by half powers of ten."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.replication import dataset
from benchmarks.replication.bench import MEMORY_MB, Bench, median
from benchmarks.replication.entities import entities
from benchmarks.replication.job import Outcome
from benchmarks.replication.sections.first_load import replicated

SHARE = 0.01


def measure(bench: Bench) -> Section:
    """Both tables at once, each size in a database of its own."""
    section = Section("growth", bench.size)
    wanted = entities()
    exponents = [e / 2 for e in range(8, math.floor(2 * math.log10(bench.lines) + 1e-3) + 1)]
    found: dict[float, list[tuple[Outcome, Outcome]]] = {}
    for exponent in exponents:
        bench.doing(f"10^{exponent}: making the source")
        with bench.lab.clone(bench.lab.reference(dataset.lines_of(str(10**exponent)))) as copy:
            found[exponent] = []
            for number in range(1, bench.rounds + 1):
                bench.doing(f"10^{exponent}, round {number}")
                full = bench.done(f"{number} 10^{exponent} lines: full", replicated(bench, copy, wanted))
                dataset.change(bench.lab.dsn(copy), SHARE)
                found[exponent].append((full, bench.done(f"{number} 10^{exponent} lines: 1 %", replicated(bench, copy, wanted, fresh=False))))
    rows = []
    for exponent, pairs in found.items():
        full, part = (median(pair[i].seconds for pair in pairs) for i in (0, 1))
        peaks = [max(pair[i].peak_mb for pair in pairs) for i in (0, 1)]
        rows.append([f"10^{exponent:g}", pairs[0][0].rows, full, pairs[0][0].rows / full, peaks[0], part, part / full, peaks[1]])
    slopes = [_slope([r[1] for r in rows][-n:], [r[i] for r in rows][-n:]) for n in (len(rows), 3) for i in (2, 5)] if len(rows) > 2 else []
    note = "log-log slope (1 = linear): full {:.2f}, 1 % {:.2f}; over the last power of ten: full {:.2f}, 1 % {:.2f}".format(*slopes) if slopes else ""
    section.sheets.append(Sheet("Cost by rows, SQL transport", ["lines", "rows", "full s", "rows/s", "peak MB", "1 % s", "of full", "peak MB (1 %)"], rows, note))
    for exponent, pairs in found.items():
        section.verdicts.append(Verdict(f"10^{exponent:g} lines: peak memory", max(o.peak_mb for pair in pairs for o in pair), "≤", MEMORY_MB, unit="MB"))
    section.raw = {"slopes": slopes, "outcomes": {str(e): [[asdict(o) for o in pair] for pair in pairs] for e, pairs in found.items()}}
    return section


def _slope(rows: list[int], seconds: list[float]) -> float:
    """Of log seconds over log rows."""
    return statistics.linear_regression([math.log(r) for r in rows], [math.log(s) for s in seconds]).slope
