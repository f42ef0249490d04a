"""What the sections share: the size, how often, how to open the warehouse of a size, and lines that show that it moves."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from benchmarks.warehouse import lab
from benchmarks.warehouse.lab import Built, Lab, Size

JUDGED_FROM = 15_000 * 60  # contract-months: below, what dbt itself takes hides what the warehouse takes


@dataclass
class Bench:
    """One run of one section."""

    size: Size
    rounds: int
    console: Console

    @property
    def judged(self) -> bool:
        """Whether the size is one for which something was promised."""
        return self.size.contracts * self.size.months >= JUDGED_FROM

    def tell(self, text: str) -> None:
        """Say what is being done now."""
        self.console.print(f"  {time.strftime('%H:%M:%S')} {text}", highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def warehouse(self, size: Size | None = None) -> Iterator[Lab]:
        """The warehouse of a size (this run's), its raw tables filled."""
        with lab.opened(size or self.size, self.tell) as opened:
            yield opened

    def built(self, opened: Lab, what: str, build: Callable[[], Built]) -> Built:
        """Build, and tell."""
        self.tell(f"{opened.size}: {what} …")
        found = build()
        self.tell(f"{opened.size}: {what}: {found.seconds:.1f} s ({found.mode}); models {found.of_kind('model', 'snapshot'):.1f}, tests {found.of_kind('test'):.1f}, "
                  f"unit tests {found.of_kind('unit_test'):.1f}; {found.peak_gb:.2f} GB at most")
        return found

    def ready(self, opened: Lab) -> None:
        """Have both sides of the marts built, so that the next build follows the change alone. Keeps what the first, full one took."""
        state = opened.state()
        if "full" not in state or not state.get("ready"):
            opened.state(ready=False)
            opened.forget_builds()
            full = self.built(opened, "full build", opened.build)
            opened.state(full={"seconds": full.seconds, "peak_gb": full.peak_gb, "nodes": full.nodes})
            self.built(opened, "the other side", opened.build)
            opened.state(ready=True, settled_gb=lab.used(opened.data) / lab.GB)


def full_of(opened: Lab) -> Built:
    """The full build of this warehouse, as `ready` kept it."""
    kept = opened.state()["full"]
    return Built(kept["seconds"], kept["peak_gb"], "full", kept["nodes"])


def median(values: Iterable[float]) -> float:
    """The median; NaN of nothing."""
    values = list(values)
    return statistics.median(values) if values else math.nan


def slowest(built: Built, against: Built, count: int = 15) -> list[list]:
    """Name, kind, seconds here and in the other build of the nodes that took longest here. Unit tests are the code's, not the data's."""
    there = {(n["kind"], n["name"]): n["seconds"] for n in against.nodes}
    nodes = sorted((n for n in built.nodes if n["kind"] != "unit_test"), key=lambda n: -n["seconds"])[:count]
    return [[n["name"], n["kind"], n["seconds"], there.get((n["kind"], n["name"])), n.get("changed_rows") if n.get("changed_rows") is not None else n.get("rows")]
            for n in nodes]
