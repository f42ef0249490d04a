"""How a long replication shows that it moves: bars on a terminal, a line now and then in a log."""

from __future__ import annotations

import threading
import time
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Watcher(Protocol):
    """Is told what happens, from several threads."""

    def started(self, entity: str, rows: int) -> None:
        """Reading of `rows` rows begins."""

    def advanced(self, entity: str, rows: int) -> None:
        """So many more rows were read."""

    def finished(self, entity: str, ok: bool, note: str) -> None:
        """The entity is done; `note` is one line about it, in Spanish."""


class Silent:
    """Says nothing."""

    def started(self, entity: str, rows: int) -> None: ...
    def advanced(self, entity: str, rows: int) -> None: ...
    def finished(self, entity: str, ok: bool, note: str) -> None: ...


class Bars:
    """One bar for each entity being read; finished ones leave a line above."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(TextColumn("{task.description:>26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def started(self, entity: str, rows: int) -> None:
        self._tasks[entity] = self._progress.add_task(entity, total=rows)

    def advanced(self, entity: str, rows: int) -> None:
        self._progress.advance(self._tasks[entity], rows)

    def finished(self, entity: str, ok: bool, note: str) -> None:
        if entity in self._tasks:
            self._progress.remove_task(self._tasks.pop(entity))
        self._progress.console.print(f"{'✓' if ok else '✗'} {entity}: {note}", style=None if ok else "red", markup=False, highlight=False)


class Lines:
    """A line when an entity ends, and one every `every_s` seconds while it is read."""

    def __init__(self, console: Console, every_s: float = 15) -> None:
        self._console, self._every_s = console, every_s
        self._read: dict[str, list[float]] = {}  # entity → rows read, rows expected, moment of the last line
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def started(self, entity: str, rows: int) -> None:
        with self._lock:
            self._read[entity] = [0, rows, time.monotonic()]

    def advanced(self, entity: str, rows: int) -> None:
        with self._lock:
            state = self._read[entity]
            state[0] += rows
            if time.monotonic() - state[2] < self._every_s:
                return
            state[2] = time.monotonic()
        self._say(f"… {entity}: {state[0]:,.0f} de {state[1]:,.0f} filas")

    def finished(self, entity: str, ok: bool, note: str) -> None:
        self._say(f"{'ok   ' if ok else 'FALLÓ'} {entity}: {self._once(note)}")

    def _once(self, note: str) -> str:
        """The note; the second time it is the same (Odoo down stops every entity), a short word for it."""
        with self._lock:
            known = note in self._said
            self._said.add(note)
        return "lo mismo" if known else note

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def watcher(console: Console) -> Bars | Lines:
    """Bars where someone looks at a terminal, lines elsewhere."""
    return Bars(console) if console.is_terminal else Lines(console)
