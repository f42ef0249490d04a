"""Others: dlt and pandas on the same two tables, between the same servers, each with its best settings, in the same run."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import asdict, dataclass

import psycopg
from psycopg import sql

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.replication import dataset, job, lab
from benchmarks.replication.bench import Bench, median, ratios
from benchmarks.replication.entities import ENTITIES, entities
from benchmarks.replication.job import Outcome
from benchmarks.replication.sections.first_load import replicated
from caudal.settings import settings

OURS = "caudal replicate (SQL)"
SHARE = 0.01


@dataclass(frozen=True)
class Rival:
    """One way to load the tables: its schemas, how its tables are called there, its rounds (0: all), the work with its arguments, and
    the most lines that it is asked for (0: any)."""

    name: str
    schemas: tuple[str, ...]
    table: str
    kind: str
    arguments: dict
    most_rounds: int = 0
    most_lines: int = 0


RIVALS = (
    Rival("dlt", ("dlt", "dlt_staging"), "{table}", "rival_dlt:load", {}),
    Rival("pandas, to_sql by COPY", ("pandas_copy",), "odoo_{table}", "rival_pandas:load", {"method": "copy"}),
    Rival("pandas, to_sql(method='multi')", ("pandas_multi",), "odoo_{table}", "rival_pandas:load", {"method": "multi"}, 1, 1_000_000),
)


def measure(bench: Bench) -> Section:
    """Rounds of first loads, then rounds of 1 % increments over what the last first load left."""
    section = Section("rivals", bench.size)
    wanted = entities()
    rivals = [r for r in RIVALS if bench.lines <= (r.most_lines or bench.lines)]
    first: dict[str, list[Outcome]] = defaultdict(list)
    later: dict[str, list[Outcome]] = defaultdict(list)
    with bench.lab.clone(bench.lab.reference(bench.lines)) as copy:
        for number in range(1, bench.rounds + 1):
            bench.doing(f"first load, round {number}: {OURS}")
            first[OURS].append(bench.done(f"{number} first load: {OURS}", replicated(bench, copy, wanted)))
            for rival in rivals:
                if number <= (rival.most_rounds or number):
                    first[rival.name].append(_run(bench, rival, copy, number, first=True))
        for number in range(1, bench.rounds + 1):
            changed = dataset.change(bench.lab.dsn(copy), SHARE)
            later[OURS].append(bench.done(f"{number} 1 %: {OURS}", replicated(bench, copy, wanted, fresh=False)))
            for rival in rivals:
                later[rival.name].append(_run(bench, rival, copy, number, first=False))
                if later[rival.name][-1].rows != changed:
                    raise RuntimeError(f"{rival.name} read {later[rival.name][-1].rows} of {changed} changed rows.")
    rows = []
    for name, loads in first.items():
        increments = later[name]
        a, b = median(o.seconds for o in loads), median(o.seconds for o in increments)
        times = [median(ratios(theirs, ours[: len(theirs)])) for theirs, ours in ((loads, first[OURS]), (increments, later[OURS]))]
        rows.append([name, loads[0].details.get("version"), a, loads[0].rows / a, times[0], max(o.peak_mb for o in loads),
                     b, times[1], max(o.peak_mb for o in increments)])
        if name != OURS:
            # to_sql itself has no increments: what is timed there is an upsert by hand, which sees no deletion and checks nothing
            section.verdicts += [Verdict(f"{what}: {name} takes so many times as long as caudal", value, "≥", 1.0, bench.judged, "×")
                                 for what, value in (("first load", times[0]), ("increment of 1 %", times[1]))]
    section.sheets.append(Sheet(
        f"Against others, {first[OURS][0].rows:,} rows", ["path", "version", "first s", "rows/s", "× caudal", "peak MB", "1 % s", "× caudal", "peak MB"], rows,
        "The work alone, without the start of Python and the imports; rows and sums of money compared after each first load."))
    section.raw = {"first": {n: [asdict(o) for o in f] for n, f in first.items()}, "increment": {n: [asdict(o) for o in f] for n, f in later.items()}}
    return section


def _run(bench: Bench, rival: Rival, database: str, number: int, first: bool) -> Outcome:
    from benchmarks.replication.rival_dlt import ENVIRONMENT

    what = "first load" if first else "1 %"
    bench.doing(f"{what}, round {number}: {rival.name}")
    arguments = dict(rival.arguments)
    if rival.name == "dlt":
        folder = bench.lab.warehouse_home / "dlt"
        arguments["folder"] = str(folder)
        if first:
            shutil.rmtree(folder, ignore_errors=True)
    if first:
        lab.drop_schema(*rival.schemas)
    bench.lab.checkpoint()
    outcome = job.run(rival.kind, ENVIRONMENT, names=list(ENTITIES), source=bench.lab.dsn(database),
                      target=settings().warehouse_url("owner"), first=first, **arguments)
    _compare(rival)
    return bench.done(f"{number} {what}: {rival.name}", outcome)


def _compare(rival: Rival) -> None:
    """Raises RuntimeError unless the rival's tables hold as many rows and as much money as ours."""
    with psycopg.connect(settings().warehouse_url("owner")) as conn:
        for entity in entities():
            query = sql.SQL("select count(*), sum({}), sum(amount_residual) from {}")
            ours, theirs = (conn.execute(query.format(sql.Identifier(entity.amount), sql.Identifier(schema, table))).fetchone() for schema, table in (
                ("raw", entity.table), (rival.schemas[0], rival.table.format(table=entity.name))))
            if ours != theirs:
                raise RuntimeError(f"{entity.name}: {rival.name} holds {theirs} where raw holds {ours} (rows, RD$).")
