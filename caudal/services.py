"""Programs that keep running after the command that started them: the stand-in of Odoo, Superset, Airflow.

Each is one process group with a pid file and a log under `<home>/services`; starting twice and stopping twice do no harm.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from caudal.settings import settings

STOP_TIMEOUT_S = 15


class ServiceError(RuntimeError):
    """A service did not come up; the message ends with the tail of its log."""


@dataclass
class Service:
    """One background program. `ready` says whether it answers; `env` is added to this process's own."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 120
    cwd: Path | None = None

    @property
    def folder(self) -> Path:
        return settings().home / "services"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        """Standard output and error of the program."""
        return self.folder / f"{self.name}.log"

    def is_running(self) -> bool:
        """Whether the program we started still lives (it may not answer yet)."""
        return _process(self.pid_file) is not None

    def start(self) -> Service:
        """Start it and wait until it answers. Raises ServiceError with the log's tail when it ends or stays silent."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / f"{self.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.is_running():
                self._spawn()
            deadline = time.monotonic() + self.timeout_s
            while not self.ready():
                if not self.is_running() or time.monotonic() > deadline:
                    reason = "does not answer" if self.is_running() else "ended"
                    raise ServiceError(f"{self.name} {reason}; see {self.log}:\n{self.tail()}")
                time.sleep(0.3)
        return self

    def _spawn(self) -> None:
        with open(self.log, "ab") as log:
            child = subprocess.Popen(  # its own session: a Ctrl-C in the terminal does not reach it
                list(self.command), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.cwd,
                env={**os.environ, **self.env}, start_new_session=True, close_fds=True,
            )
        self.pid_file.write_text(f"{child.pid} {psutil.Process(child.pid).create_time()}")

    def stop(self) -> bool:
        """End it and its children. Returns whether there was something to stop."""
        return stop(self.pid_file)

    def tail(self, lines: int = 25) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def _process(pid_file: Path) -> psutil.Process | None:
    """The process the pid file names, if it is still that one: a reused pid has another start time."""
    try:
        pid, created = pid_file.read_text().split()
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(created)) < 1 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    except (OSError, ValueError, psutil.NoSuchProcess):
        pass
    return None


def stop(pid_file: Path) -> bool:
    """End the program of this pid file with all its children: politely, then by force."""
    process = _process(pid_file)
    if process is not None:
        family = [*process.children(recursive=True), process]
        for member in reversed(family):
            _signal(member.terminate)
        _, alive = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
        for member in alive:
            _signal(member.kill)
        psutil.wait_procs(alive, timeout=5)
    pid_file.unlink(missing_ok=True)
    return process is not None


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        pass


def stop_all() -> list[str]:
    """Stop every service of this home; the names of those that were running."""
    folder = settings().home / "services"
    return [path.stem for path in sorted(folder.glob("*.pid")) if stop(path)]
