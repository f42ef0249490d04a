"""A full build of the warehouse into nothing, with all its tests: time, and the most that was on the disk meanwhile."""

from __future__ import annotations

from benchmarks.common.report import Section, Sheet
from benchmarks.warehouse.bench import Bench, full_of, slowest


def measure(bench: Bench) -> Section:
    """One full build; nothing was promised of it, it is what a day of work is compared with."""
    with bench.warehouse() as lab:
        lab.state(ready=False)
        bench.ready(lab)
        full, state = full_of(lab), lab.state()
        sizes = lab.execute(
            """select n.nspname, (sum(pg_total_relation_size(c.oid)) / 1e9)::float8 from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where c.relkind = 'r' and n.nspname in ('raw', 'intermediate', 'marts', 'marts_next', 'history', 'ops') group by 1 order by 2 desc""")
    kinds = sorted({n["kind"] for n in full.nodes})
    rows = [["raw rows", state["rows"]], ["raw tables made in, s", state["made_s"]], ["full build, s", full.seconds],
            *[[f"of it {kind}s, s (dbt runs several at once)", full.of_kind(kind)] for kind in kinds],
            ["disk with raw alone, GB", state["raw_gb"]], ["disk at most while building, GB", full.peak_gb], ["disk with both sides, GB", state["settled_gb"]],
            *[[f"schema {name}, GB", size] for name, size in sizes]]
    return Section("build", str(bench.size), [
        Sheet("Full build", ["what", "measured"], rows, "Into an empty warehouse, every test reading all; disk: tables, temporary files and write-ahead log."),
        Sheet("Slowest nodes of the full build", ["node", "kind", "s"], [row[:3] for row in slowest(full, full)]),
    ], raw={"state": {k: v for k, v in state.items() if k != "full"}, "nodes": full.nodes})
