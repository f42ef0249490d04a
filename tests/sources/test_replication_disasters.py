"""What happens to machines: a warehouse that goes down or has no space left, an Odoo that is killed. On servers of their own, really stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from caudal import postgres, warehouse
from caudal.postgres import EmbeddedPostgres
from caudal.settings import settings
from sources.odoo import mapping
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}
LINES = ENTITIES["account_move_line"]
CHANGE = """update account_move_line set name = 'cambiado {0}',
            write_date = (select max(write_date) from account_move_line) + interval '5 minutes'"""


@pytest.fixture(scope="module")
def small_space() -> Iterator[Path]:
    """A folder of 2 MB: mounted by root, or else in a namespace where only the server that is started in it sees it so."""
    folder = Path(tempfile.mkdtemp(prefix="caudal-small-"))
    folder.chmod(0o755)
    place = folder / "space"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=1777", "tmpfs", str(place)]
    if os.geteuid() == 0:
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("root may not mount here")
    else:
        inside = ["unshare", "-Urm", "sh", "-c", f'{" ".join(mount)} && exec unshare -U --map-user=1000 --map-group=1000 "$@"', "sh"]
        if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode:
            pytest.skip("no namespaces here")
        real, wrapped = postgres.find_binaries(), folder / "bin"
        wrapped.mkdir()
        for program, words in {"initdb": [], "pg_ctl": inside}.items():
            (wrapped / program).write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in [*words, str(real / program)]) + ' "$@"\n')
            (wrapped / program).chmod(0o755)
    yield place
    if os.geteuid() == 0:
        subprocess.run(["umount", str(place)], check=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def private(module_lab: Any, small_space: Path) -> Iterator[Any]:
    """The laboratory with a warehouse on a server of its own."""
    home = Path(tempfile.mkdtemp(prefix="caudal-private-"))
    home.chmod(0o755)
    patch = pytest.MonkeyPatch()
    if (small_space.parent / "bin").exists():
        patch.setattr(postgres, "find_binaries", lambda: small_space.parent / "bin")
    server = EmbeddedPostgres(home).start()
    if server.account:
        os.chown(small_space, server.account.pw_uid, server.account.pw_gid)
    with psycopg.connect(server.url(dbname="postgres"), autocommit=True) as admin:
        admin.execute("create database caudal")
        admin.execute(f"create tablespace small location '{small_space}'")
        admin.execute("grant create on tablespace small to public")
    theirs = module_lab.warehouse_dsn
    module_lab.warehouse_dsn = server.url()
    patch.setenv("CAUDAL_WAREHOUSE_URL", server.url())
    settings.cache_clear()
    warehouse.bootstrap()
    module_lab.one(LINES.name)
    module_lab.private_server = server
    yield module_lab
    module_lab.warehouse_dsn = theirs
    patch.undo()
    settings.cache_clear()
    server.destroy()
    shutil.rmtree(home)


class Act:
    """A watcher that does something once, when so many rows were read."""

    def __init__(self, rows: int, action: Callable[[], None]) -> None:
        self.left, self.action = rows, action

    def started(self, entity: str, rows: int) -> None: ...
    def finished(self, entity: str, ok: bool, note: str) -> None: ...

    def advanced(self, entity: str, rows: int) -> None:
        before, self.left = self.left, self.left - rows
        if before > 0 >= self.left:
            self.action()


def test_a_warehouse_that_goes_down_in_a_merge_loses_nothing(private: Any) -> None:
    """The merge is held half-way by a row that another session has locked."""
    server = private.private_server
    private.source(CHANGE.format(1))
    before = private.versions("odoo_account_move_line")
    stopped = threading.Event()

    def stop_in_the_merge() -> None:
        with psycopg.connect(server.url(), autocommit=True) as watching:
            while not watching.execute("""select exists (select from pg_stat_activity where application_name = 'caudal:load'
                    and wait_event_type = 'Lock' and wait_event <> 'advisory')""").fetchone()[0]:
                time.sleep(0.02)
            postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGQUIT)  # what `pg_ctl stop -m immediate` does
        stopped.set()

    locker = psycopg.connect(server.url())
    locker.execute("select from raw.odoo_account_move_line where id = 2000 for update")
    thread = threading.Thread(target=stop_in_the_merge, daemon=True)
    thread.start()
    result = private.replicate(LINES.name)[LINES.name]
    thread.join(30)
    locker.close()
    assert stopped.is_set() and result.status == "failed"
    assert "cortó la conexión" in result.error and "vuelva a replicar" in result.error

    server.start()
    assert private.versions("odoo_account_move_line") == before
    assert private.warehouse("select status from ops.run order by run_id desc limit 1") == [("running",)]
    assert private.one(LINES.name).updated > 10_000
    assert_same(private, LINES, "account_move_line")
    assert private.warehouse("select count(*) from ops.run where status = 'running'") == [(0,)]


def test_a_full_disk_is_said_and_nothing_is_half_loaded(private: Any) -> None:
    private.warehouse("alter role caudal_load set temp_tablespaces = 'small'")
    private.source(CHANGE.format(2))
    before = private.versions("odoo_account_move_line")
    marks = private.warehouse("select * from ops.watermark")

    result = private.replicate(LINES.name)[LINES.name]

    assert result.status == "failed"
    assert "el disco del almacén está lleno" in result.error and "Libere espacio" in result.error
    assert private.versions("odoo_account_move_line") == before and private.warehouse("select * from ops.watermark") == marks
    status, error = private.warehouse("select status, error from ops.run order by run_id desc limit 1")[0]
    assert status == "failed" and "disco" in error

    private.warehouse("alter role caudal_load reset temp_tablespaces")  # where there is space
    assert private.one(LINES.name).updated > 10_000
    assert_same(private, LINES, "account_move_line")


def test_an_odoo_killed_between_pages_and_started_again_goes_unnoticed(private: Any) -> None:
    private.source(CHANGE.format(3))

    def kill_and_start() -> None:
        os.killpg(private.server._process.pid, signal.SIGKILL)
        private.server.stop()
        private.server.start()  # on the same port; who comes too early waits

    watcher = Act(3000, lambda: threading.Thread(target=kill_and_start).start())
    result = private.one(LINES.name, progress=watcher, page_rows=500)
    assert watcher.left < 0 and result.updated > 10_000
    assert_same(private, LINES, "account_move_line")


def test_an_odoo_that_stays_down_leaves_the_table_as_it_was(private: Any) -> None:
    private.source(CHANGE.format(4))
    before = private.versions("odoo_account_move_line")

    def kill() -> None:
        os.killpg(private.server._process.pid, signal.SIGKILL)

    result = private.replicate(LINES.name, progress=Act(3000, kill), page_rows=500)[LINES.name]
    assert result.status == "failed" and "Odoo" in result.error
    private.server.stop()
    private.server.start()
    assert private.versions("odoo_account_move_line") == before
    assert private.one(LINES.name).updated > 10_000
    assert_same(private, LINES, "account_move_line")
