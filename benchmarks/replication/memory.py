"""Peak memory of a process and all its descendants: sampled by psutil, since a peak of a tree is kept by nobody."""

from __future__ import annotations

import threading
from typing import Self

import psutil

EVERY_S = 0.1
MB = 1e6


class PeakMemory:
    """Samples the resident memory (RSS, summed) of the trees that begin at `pids`, until the block ends. Shared pages count in each process:
    the figure errs to the high side."""

    def __init__(self, *pids: int) -> None:
        self._pids, self.peak_mb = pids, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.peak_mb = max(self.peak_mb, sum(map(_tree_bytes, self._pids)) / MB)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()


def _tree_bytes(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue  # ended between the list and the look
    except psutil.NoSuchProcess:
        return total
    return total
