"""Memory of the whole stack of this home: each background program with its children, and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.common.report import Section, Sheet


@dataclass(frozen=True)
class Used:
    """One program: processes, RSS (shared pages in each) and PSS (shared pages split among who shares them), in MB."""

    name: str
    processes: int
    rss_mb: float
    pss_mb: float


def measure(home: Path, size: str) -> Section:
    """What runs now of `home`."""
    found = [used for name, pid in sorted(_programs(home).items()) if (used := _used(name, pid))]
    rows = [[u.name, u.processes, u.rss_mb, u.pss_mb] for u in found]
    rows.append(["all", sum(u.processes for u in found), sum(u.rss_mb for u in found), sum(u.pss_mb for u in found)])
    note = "RSS counts a shared page in each process, PSS splits it: PSS is what the machine gives up."
    return Section("memory", size, [Sheet("Memory of the stack, MB", ["program", "processes", "RSS", "PSS"], rows, note)],
                   raw={"programs": [vars(u) for u in found]})


def _programs(home: Path) -> dict[str, int]:
    """Name → the process that started it, of all that left its number under the home."""
    pids = {path.stem: int(path.read_text().split()[0]) for path in (home / "services").glob("*.pid")}
    for path in home.glob("**/postmaster.pid"):
        pids["postgresql"] = int(path.read_text().splitlines()[0])
    return pids


def _used(name: str, pid: int) -> Used | None:
    try:
        first = psutil.Process(pid)
        processes = [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    count, rss, pss = 0, 0, 0
    for process in processes:
        try:
            memory = process.memory_full_info()
        except psutil.NoSuchProcess:  # it ended meanwhile
            continue
        count, rss, pss = count + 1, rss + memory.rss, pss + memory.pss
    return Used(name, count, rss / 1e6, pss / 1e6)
