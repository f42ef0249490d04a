"""What the sections share: the servers, the size, how often, and a way to show that it moves."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.replication.job import Outcome
from benchmarks.replication.lab import Lab

JUDGED_FROM = 3_000_000  # lines: the targets are promised at the reference size; below it fixed work of a run weighs
MEMORY_MB = 200.0
CLIENTS = 2  # what `caudal replicate` asks by default


@dataclass
class Bench:
    """One run of one section."""

    lab: Lab
    size: str
    lines: int
    rounds: int
    console: Console
    _progress: Progress | None = field(default=None, repr=False)

    @property
    def judged(self) -> bool:
        """Whether the size is one for which speed was promised."""
        return self.lines >= JUDGED_FROM

    def doing(self, text: str) -> None:
        """Say what is being done now."""
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], description=text)

    def done(self, text: str, outcome: Outcome) -> Outcome:
        """Leave a line about a piece of work; gives back its outcome."""
        rate = outcome.rows / outcome.seconds if outcome.seconds else math.inf
        self.console.print(f"  {text:<58}{outcome.seconds:>9.2f} s {outcome.rows:>11,} rows {rate:>11,.0f}/s {outcome.peak_mb:>7.0f} MB",
                           highlight=False, soft_wrap=True)
        return outcome

    @contextmanager
    def shown(self, name: str) -> Iterator[None]:
        """A spinner with the time so far, where someone looks."""
        self.console.print(f"[bold]{name}[/bold] · {self.size} ({self.lines:,} lines), {self.rounds} rounds")
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self.console, transient=True) as progress:
            self._progress = progress
            progress.add_task("…")
            yield
        self._progress = None


def median(values: Iterable[float]) -> float:
    """The median; NaN of nothing."""
    values = list(values)
    return statistics.median(values) if values else math.nan


def ratios(above: Iterable[Outcome], below: Iterable[Outcome]) -> list[float]:
    """above / below, seconds, round by round."""
    return [a.seconds / b.seconds for a, b in zip(above, below, strict=True)]
