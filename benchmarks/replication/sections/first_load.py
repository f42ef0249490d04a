"""First load: how near does `replicate()` over SQL come to a bare `psql COPY TO | psql COPY FROM` of the same columns, between the same servers?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

import psycopg
from psycopg import sql

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.replication import baselines, job, lab
from benchmarks.replication.bench import CLIENTS, MEMORY_MB, Bench, median, ratios
from benchmarks.replication.entities import entities
from benchmarks.replication.job import Outcome
from caudal.settings import settings
from sources.contract import Entity

SPEED = 0.8
WAYS = {"one table after another": "in turn", "both at once": "at once"}


def measure(bench: Bench) -> Section:
    """A: psql | psql into an empty table with the same types and key. B: `replicate()`, everything included."""
    section = Section("first-load", bench.size)
    wanted = entities()
    database = bench.lab.reference(bench.lines)
    bare: dict[str, list[Outcome]] = defaultdict(list)
    ours: dict[str, list[Outcome]] = defaultdict(list)
    _bare(bench, database, wanted, "at once")  # fills the caches of the source; not counted
    for number in range(1, bench.rounds + 1):
        for way in WAYS.values():
            bench.doing(f"round {number}: {way}")
            bare[way].append(bench.done(f"{number} {way}: COPY | COPY", _bare(bench, database, wanted, way)))
            ours[way].append(bench.done(f"{number} {way}: replicate", replicated(bench, database, wanted, way)))
            if bare[way][-1].rows != ours[way][-1].rows:
                raise RuntimeError(f"They did not copy the same: {bare[way][-1].rows} and {ours[way][-1].rows} rows.")
    _compare(wanted)
    rows = []
    for title, way in WAYS.items():
        a, b = median(o.seconds for o in bare[way]), median(o.seconds for o in ours[way])
        speed = median(ratios(bare[way], ours[way]))
        peak = max(o.peak_mb for o in ours[way])
        rows += [[f"{title}: COPY | COPY", a, bare[way][0].rows / a, None, max(o.peak_mb for o in bare[way])],
                 [f"{title}: replicate (SQL)", b, ours[way][0].rows / b, speed, peak]]
        section.verdicts.append(Verdict(f"first load over SQL, {title}: speed of a bare COPY | COPY", speed, "≥", SPEED, bench.judged))
        section.verdicts.append(Verdict(f"first load over SQL, {title}: peak memory", peak, "≤", MEMORY_MB, unit="MB"))
    section.sheets.append(Sheet(
        f"First load, {ours['at once'][0].rows:,} rows", ["path", "median s", "rows/s", "speed of bare", "peak MB"], rows,
        f"Median of {bench.rounds} rounds, A B A B; the work alone, without the start of Python "
        f"({median(o.process_s - o.seconds for o in ours['at once']):.1f} s)."))
    section.raw = {"bare": _dump(bare), "replicate": _dump(ours)}
    return section


def replicated(bench: Bench, database: str, wanted: list[Entity], way: str = "at once", fresh: bool = True,
               full: bool = False) -> Outcome:
    """Replicate over SQL in a process of its own; fresh: into a warehouse that never held these tables; full: read every row again."""
    if fresh:
        lab.forget(wanted)
    bench.lab.checkpoint()
    kind = "caudal_work:in_turn" if way == "in turn" else "caudal_work:at_once"
    arguments = {"full": True} if full else {}
    return job.run(kind, bench.lab.environment(database), entities=[e.name for e in wanted], clients=CLIENTS, **arguments)


def _bare(bench: Bench, database: str, wanted: list[Entity], way: str) -> Outcome:
    lab.fresh_bare_tables(wanted)
    bench.lab.checkpoint()
    if way == "at once":
        return baselines.copy_pipe(bench.lab.dsn(database), settings().warehouse_url("owner"), wanted)
    parts = [baselines.copy_pipe(bench.lab.dsn(database), settings().warehouse_url("owner"), [entity]) for entity in wanted]
    seconds = sum(p.seconds for p in parts)
    return Outcome(seconds, seconds, sum(p.cpu_s for p in parts), max(p.peak_mb for p in parts), sum(p.rows for p in parts))


def _compare(wanted: list[Entity]) -> None:
    """Raises RuntimeError unless the two paths left the same rows, to the last character."""
    with psycopg.connect(settings().warehouse_url("owner")) as conn:
        for entity in wanted:
            columns = sql.SQL(", ").join(sql.Identifier(c.name) for c in entity.read)
            a, b = (conn.execute(sql.SQL("select count(*), sum(hashtextextended(t::text, 0)) from (select {} from {}) as t").format(
                columns, sql.Identifier(schema, entity.table))).fetchone() for schema in (baselines.BARE, "raw"))
            if a != b:
                raise RuntimeError(f"{entity.name}: COPY left {a} and replicate {b} (rows, checksum)")


def _dump(outcomes: dict[str, list[Outcome]]) -> dict[str, list[dict]]:
    return {way: [asdict(o) for o in found] for way, found in outcomes.items()}
