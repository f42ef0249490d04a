"""One measured piece of work in a process of its own, so that its memory is its own and every round begins alike.

`run(kind, environment, **arguments)` starts it and measures; `python -m benchmarks.replication.job <kind>` is the process: it imports all it
needs first, then times the work. A kind is `module:function` of this package; the function returns a dictionary that holds `rows`.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.replication.memory import MB, PeakMemory
from caudal.settings import ROOT


@dataclass(frozen=True)
class Outcome:
    """What one piece of work took. `seconds`: the work; `process_s`: with the start of the process and its imports; `cpu_s`: of the client's
    processors, during the work; `peak_mb`: of its tree of processes."""

    seconds: float
    process_s: float
    cpu_s: float
    peak_mb: float
    rows: int
    details: dict[str, Any] = field(default_factory=dict)


class WorkFailed(RuntimeError):
    """A piece of work ended with an error; the message ends with what it wrote."""


def run(kind: str, environment: Mapping[str, str], **arguments: Any) -> Outcome:
    """Do the work in a new process with `environment` added. Raises WorkFailed."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.replication.job", kind], cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with PeakMemory(process.pid) as memory:
        out, err = process.communicate(json.dumps(arguments))
    took = time.perf_counter() - started
    if process.returncode:
        raise WorkFailed(f"{kind}: {err[-3000:]}")
    answer = json.loads(out.splitlines()[-1])
    peak = max(memory.peak_mb, answer.pop("peak_mb"))  # a peak between two samples is seen by the kernel, of this process alone
    return Outcome(answer.pop("seconds"), took, answer.pop("cpu_s"), peak, answer.pop("rows"), answer)


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main(kind: str) -> None:
    """The process: arguments as JSON on standard input, the answer as the last line of standard output."""
    module, _, name = kind.partition(":")
    work = getattr(importlib.import_module(f"benchmarks.replication.{module}"), name)
    arguments = json.load(sys.stdin)
    started, cpu = time.perf_counter(), cpu_seconds()
    answer = work(**arguments)
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    print(json.dumps({"seconds": seconds, "cpu_s": cpu, "peak_mb": high_water_mb(), **answer}))


def high_water_mb() -> float:
    """The most that this process alone had resident (VmHWM; `ru_maxrss` would count what its parent had before `exec`). 0 where the system
    does not tell."""
    status = Path("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE) if status.exists() else None
    return int(found[1]) * 1024 / MB if found else 0.0


if __name__ == "__main__":
    main(sys.argv[1])
