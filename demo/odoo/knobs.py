"""Faults that a test switches on and off while the stand-in runs.

The state is one small JSON file in the server's private folder; each worker looks at its mtime on every request, so a
change holds from the next request on, in all workers.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass
class KnobState:
    """All the faults. The default is a healthy server.

    drop_next, bad_gateway_next: how many of the next requests are cut without an answer, or answered with HTTP 502.
    latency_s: seconds added to every request.
    page_limit: rows in one read above which the worker dies, as Odoo's does at its CPU limit (None: no limit).
    hidden_ids: model → ids that a record rule hides from everyone but the superuser.
    denied_models: models on which the user has no read access.
    companies: ids of the companies the user may see (None: the one in res_users.company_id).
    removed_fields: model → field names that this version of the addon no longer has.
    renamed_fields: model → {name in models/*.yml: name now}.
    added_fields, retyped_fields: model → {name: declaration as in models/*.yml, now}. The column is the test's to make or alter.
    corrupt: model → {id: {field: JSON value sent in its place}}.
    refuse_login: every credential is refused, in the middle of a session too (an expired API key).
    version: what Odoo it says it is, and is: from 19.0 on it speaks JSON-2 and has formatted_read_group.
    clock_offset_s: seconds by which the clock of its Date headers is ahead (behind: negative).
    """

    drop_next: int = 0
    bad_gateway_next: int = 0
    latency_s: float = 0.0
    page_limit: int | None = None
    hidden_ids: dict[str, list[int]] = field(default_factory=dict)
    denied_models: list[str] = field(default_factory=list)
    companies: list[int] | None = None
    removed_fields: dict[str, list[str]] = field(default_factory=dict)
    renamed_fields: dict[str, dict[str, str]] = field(default_factory=dict)
    added_fields: dict[str, dict[str, str]] = field(default_factory=dict)
    retyped_fields: dict[str, dict[str, str]] = field(default_factory=dict)
    corrupt: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    refuse_login: bool = False
    version: str = "18.0"
    clock_offset_s: float = 0.0

    @property
    def major(self) -> int:
        """18."""
        return int(self.version.partition(".")[0])


NAMES = tuple(f.name for f in fields(KnobState))


class Knobs:
    """The knobs of one server, from the outside: `server.knobs.page_limit = 500`, or `with server.knobs.set(drop_next=2): ...`."""

    def __init__(self, path: Path, **values: Any) -> None:
        object.__setattr__(self, "_path", Path(path))
        self._write(KnobState(**values))

    @contextmanager
    def set(self, **values: Any) -> Iterator[Knobs]:
        """Change some knobs for the length of the block; what they were before is back after it."""
        before = {name: getattr(self, name) for name in values}
        self.update(**values)
        try:
            yield self
        finally:
            self.update(**before)

    def update(self, **values: Any) -> None:
        """Change some knobs for good. Raises AttributeError for a name that is no knob."""
        with locked(self._path):
            state = asdict(read(self._path))
            for name, value in values.items():
                if name not in state:
                    raise AttributeError(f"The stand-in has no knob {name!r}; it has {', '.join(NAMES)}.")
                state[name] = value
            self._write(KnobState(**state))

    def reset(self) -> None:
        """A healthy server again."""
        with locked(self._path):
            self._write(KnobState())

    def __getattr__(self, name: str) -> Any:
        if name in NAMES:
            return getattr(read(self._path), name)
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.update(**{name: value})

    def _write(self, state: KnobState) -> None:
        write(self._path, state)


def read(path: Path) -> KnobState:
    """The state in the file."""
    return KnobState(**json.loads(path.read_text()))


def write(path: Path, state: KnobState) -> None:
    """Replace the file in one step: a worker reads the old state or the new one."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time, over all processes."""
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Watcher:
    """The knobs as one worker sees them."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.state = KnobState()
        self.version = 0
        self._stamp: tuple[int, int] | None = None

    def look(self) -> KnobState:
        """The present state; `version` grows when it changed."""
        if self.path is not None:
            stat = os.stat(self.path)
            if (stat.st_mtime_ns, stat.st_ino) != self._stamp:
                self._stamp = (stat.st_mtime_ns, stat.st_ino)
                self.state = read(self.path)
                self.version += 1
        return self.state

    def take(self, counter: str) -> bool:
        """Use up one of a counting knob. Whether there was one left."""
        if self.path is None or getattr(self.look(), counter) <= 0:
            return False
        with locked(self.path):
            state = read(self.path)
            left = getattr(state, counter)
            if left <= 0:
                return False
            setattr(state, counter, left - 1)
            write(self.path, state)
        return True
