"""Where it is measured: an embedded server for each size, under `<CAUDAL_HOME>/bench-warehouse/<contracts>x<months>`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import psycopg

from benchmarks.warehouse import dataset
from caudal import warehouse
from caudal.postgres import EmbeddedPostgres
from caudal.settings import ROOT, settings
from demo.utility.catalogue import TODAY

GB = 1e9
EVERY_S = 2.0
LAST_DAY = 14  # of the month of TODAY: days beyond it share its date


@dataclass(frozen=True)
class Size:
    """Contracts × months."""

    contracts: int
    months: int

    @classmethod
    def of(cls, text: str) -> Size:
        """`15000x60`. ValueError for anything else."""
        contracts, _, months = text.partition("x")
        return cls(int(contracts), int(months))

    def __str__(self) -> str:
        return f"{self.contracts}x{self.months}"


class BuildFailed(RuntimeError):
    """`caudal build` did not publish; the message ends with what it said."""


@dataclass(frozen=True)
class Built:
    """A build: its time by the clock, what was highest on the disk meanwhile, and what `ops.build` says of it (mode, seconds of each node)."""

    seconds: float
    peak_gb: float
    mode: str
    nodes: list[dict[str, Any]]

    def of_kind(self, *kinds: str) -> float:
        """Seconds of the nodes of these kinds (model, test, snapshot, unit_test, seed), summed: dbt runs several at once."""
        return sum(n["seconds"] for n in self.nodes if n["kind"] in kinds)


@dataclass(frozen=True)
class Lab:
    """The warehouse of one size, running."""

    size: Size
    home: Path
    data: Path

    def execute(self, query: str, *values: Any) -> list[tuple]:
        """Rows of a query, as the owner."""
        with warehouse.connect(autocommit=True) as conn:
            found = conn.execute(query, values or None)
            return found.fetchall() if found.description else []

    def build(self, *options: str, today: date | None = None) -> Built:
        """`caudal build`, in a process of its own, on the last day of work or on another business day. Raises BuildFailed."""
        self.execute("checkpoint")
        environment = {**os.environ, "CAUDAL_TODAY": str(today or self.date_of(self.state()["days"]))}
        started = time.perf_counter()
        with Disk(self.data) as disk:
            done = subprocess.run([sys.executable, "-m", "caudal.cli", "build", *options], check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seconds = time.perf_counter() - started
        (self.home / "last-build.txt").write_text(done.stdout)
        if done.returncode:
            raise BuildFailed(done.stdout[-3000:])
        mode, details = self.execute("select mode, details from ops.build order by build_id desc limit 1")[0]
        return Built(seconds, disk.peak / GB, mode, details["nodes"])

    @staticmethod
    def date_of(day: int) -> date:
        """The date of a day of work: a change of a contract must not lie before what is known of it, or it changes all of its past."""
        return TODAY + timedelta(days=min(day, LAST_DAY))

    def last_month(self) -> date:
        """First day of the last closed month that is published."""
        return self.execute("select max(period_month) from marts.mart_commercial__month")[0][0]

    def forget_builds(self) -> None:
        """Leave the warehouse as if nothing had been built yet."""
        for schema in ("staging", "intermediate", "marts", "marts_next", "marts_prev", "history"):
            self.execute(f"drop schema if exists {schema} cascade")
        self.execute("truncate ops.build, ops.model_state, ops.model_change cascade")
        self.execute("update ops.side set tested_build_id = null, tested_run_id = null")
        warehouse.bootstrap()

    def state(self, **known: Any) -> dict[str, Any]:
        """What was done to this warehouse so far (raw rows, days of work, seconds of the full build), with `known` added."""
        file = self.home / "state.json"
        found = json.loads(file.read_text()) if file.exists() else {}
        if known:
            file.write_text(json.dumps(found | known))
        return found | known


class Disk:
    """The most bytes that the files below a folder had, until the block ends: tables, temporary files and write-ahead log."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stop, self.peak = folder, threading.Event(), 0
        self._thread = threading.Thread(target=self._watch, name="peak-disk", daemon=True)

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, used(self._folder))
            if self._stop.wait(EVERY_S):
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()


def used(folder: Path) -> int:
    """Bytes of the files below a folder; those that go away meanwhile are not counted."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        try:
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
                        except FileNotFoundError:
                            continue
        except FileNotFoundError:
            continue
    return total


@contextmanager
def opened(size: Size, tell: Callable[[str], None]) -> Iterator[Lab]:
    """The warehouse of a size, its raw tables filled the first time; the server is stopped at the end."""
    top = Path(os.environ.get("CAUDAL_BENCH_HOME") or os.environ.get("CAUDAL_HOME") or ROOT / ".caudal").resolve()
    os.environ["CAUDAL_BENCH_HOME"] = str(top)  # CAUDAL_HOME becomes that of the size
    home = top / "bench-warehouse" / str(size)
    os.environ.update(CAUDAL_HOME=str(home), CAUDAL_SITE="demo", CAUDAL_TODAY=str(TODAY), PYTHONPATH=str(ROOT), DO_NOT_TRACK="1")
    for name in ("CAUDAL_WAREHOUSE_URL", "CAUDAL_READ_URL"):
        os.environ.pop(name, None)
    settings.cache_clear()
    wanted = dataset.signature(size.contracts, size.months)
    server = EmbeddedPostgres(home)
    with server:
        lab = Lab(size, home, home / "postgres")
        if lab.state().get("signature") != wanted:
            started = time.perf_counter()
            _empty(server)
            (home / "state.json").unlink(missing_ok=True)
            warehouse.bootstrap()
            rows = dataset.generate(size.contracts, size.months, tell)
            lab.state(signature=wanted, rows=rows, days=0, made_s=time.perf_counter() - started, raw_gb=used(lab.data) / GB)
        else:
            warehouse.bootstrap()
        yield lab


def _empty(server: EmbeddedPostgres) -> None:
    """Drop the warehouse's database, whatever was in it."""
    with psycopg.connect(server.url(dbname="postgres"), autocommit=True) as conn:
        conn.execute("drop database if exists caudal with (force)")
    warehouse.ensure_database("caudal")
