"""How many at once: threads of dbt and parallel workers of a query, by the full build and by a day of work of the same warehouse."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.common.report import Section, Sheet
from benchmarks.warehouse.bench import Bench, full_of, median
from benchmarks.warehouse.lab import Built, Lab
from benchmarks.warehouse.sections.daily import SHARE, a_day


@dataclass(frozen=True)
class Setting:
    """Threads of dbt (`CAUDAL_DBT_THREADS`), workers of a query (`max_parallel_workers_per_gather`, of the server); None: as it is shipped."""

    threads: int | None = None
    workers: int | None = None

    def __str__(self) -> str:
        named = [f"{n} {what}" for n, what in ((self.threads, "threads"), (self.workers, "workers a query")) if n is not None]
        return ", ".join(named) or "as shipped"


SETTINGS = (Setting(), Setting(workers=0), Setting(threads=2), Setting(threads=4), Setting(threads=4, workers=0))


def measure(bench: Bench) -> Section:
    """Each round goes through all settings: a full build into nothing, then, both sides made, a day of 0.2 %."""
    full: dict[Setting, list[Built]] = defaultdict(list)
    day: dict[Setting, list[Built]] = defaultdict(list)
    with bench.warehouse() as lab:
        bench.ready(lab)  # not counted: the unit tests run in the first build alone
        changed = round(lab.state()["rows"] * SHARE)
        for number in range(1, bench.rounds + 1):
            for setting in SETTINGS:
                with _set(lab, setting):
                    bench.tell(f"round {number}: {setting}")
                    lab.state(ready=False)
                    bench.ready(lab)
                    full[setting].append(full_of(lab))
                    a_day(lab, changed)
                    day[setting].append(bench.built(lab, "a day", lab.build))
        shipped = {row[0]: row[1] for row in lab.execute(
            "select name, setting from pg_settings where name in ('max_parallel_workers_per_gather', 'max_parallel_workers', 'work_mem')")}
    seconds = {setting: (median(b.seconds for b in full[setting]), median(b.seconds for b in day[setting])) for setting in SETTINGS}
    whole, daily = seconds[SETTINGS[0]]
    rows = [[str(setting), a, a / whole, b, b / daily] for setting, (a, b) in seconds.items()]
    return Section("parallel", str(bench.size), [
        Sheet("Threads of dbt and workers of a query", ["setting", "full build, s", "÷ as shipped", "a day, s", "÷ as shipped"], rows,
              f"{os.cpu_count()} processors, {bench.rounds} rounds, the median. As shipped: threads are the processors and one more, four at most; "
              f"{', '.join(f'{name} {value}' for name, value in sorted(shipped.items()))}."),
    ], raw={"full": {str(s): [b.seconds for b in found] for s, found in full.items()}, "day": {str(s): [b.seconds for b in found] for s, found in day.items()}})


@contextmanager
def _set(lab: Lab, setting: Setting) -> Iterator[None]:
    """The setting, until the block ends."""
    if setting.workers is not None:
        lab.execute(f"alter system set max_parallel_workers_per_gather = {int(setting.workers)}")
    if setting.threads is not None:
        os.environ["CAUDAL_DBT_THREADS"] = str(setting.threads)
    lab.execute("select pg_reload_conf()")
    try:
        yield
    finally:
        os.environ.pop("CAUDAL_DBT_THREADS", None)
        lab.execute("alter system reset max_parallel_workers_per_gather")
        lab.execute("select pg_reload_conf()")
