"""Blue/green: readers see yesterday's marts or today's, never none, half or untested ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from psycopg import sql

from caudal import warehouse
from caudal.build import build
from caudal.publication import close_to_readers, publish
from tests.raw_changes import charge

CAUDAL = str(Path(sys.executable).with_name("caudal"))
SAME_FIGURE_TWICE = """
    select (select sum(billed_amount) from marts.mart_commercial__month),
           (select sum(line_amount) from marts.fct_invoice_line where issued_on < date '2026-11-01'),
           (select count(*) from marts.dim_date)"""


@contextmanager
def reader(query: str) -> Iterator[set[tuple]]:
    """A consumer in a loop, as caudal_read; gives the set of answers it got. Its errors are raised at the end."""
    answers: set[tuple] = set()
    stop = threading.Event()

    def loop() -> None:
        with warehouse.connect("read", autocommit=True) as conn:
            while not stop.is_set():
                answers.add(conn.execute(query).fetchone())
                time.sleep(0.002)

    with ThreadPoolExecutor(max_workers=1) as pool:
        reading = pool.submit(loop)
        try:
            yield answers
        finally:
            stop.set()
        reading.result()


def _status() -> tuple[int, bool, str]:
    with warehouse.connect("read") as conn:
        return conn.execute("select published_build_id, is_stale, message_es from ops.data_status").fetchone()


def _published_status() -> tuple[int, bool, str]:
    """The same, as a consumer that may name only marts reads it (Power BI)."""
    with warehouse.connect("read") as conn:
        return conn.execute("select published_build_id, is_stale, message_es from marts.mart_data_status").fetchone()


def _figures() -> tuple:
    with warehouse.connect("read") as conn:
        return conn.execute(SAME_FIGURE_TWICE).fetchone()


@pytest.fixture(scope="module", autouse=True)
def published_again(built) -> Iterator[None]:
    """Whatever a test here broke, the session goes on with published, current marts."""
    yield
    if _status()[1]:
        assert build(progress=lambda _: None).ok


def test_swap_never_shows_a_hole(home):
    """Forty swaps of two-table schemas under a reader: both tables always there and of the same publication."""
    building, published = "swap_next", "swap_marts"
    with warehouse.connect(autocommit=True) as conn:
        conn.execute("create schema swap_marts")
        conn.execute("grant usage on schema swap_marts to caudal_read")
        conn.execute("create schema swap_next")
        build_ids = []

        def fill(schema: str, version: int) -> None:
            for table in ("a", "b"):
                name = sql.Identifier(schema, table)
                conn.execute(sql.SQL("drop table if exists {}").format(name))
                conn.execute(sql.SQL("create table {} as select {} as version").format(name, sql.Literal(version)))
                conn.execute(sql.SQL("grant select on {} to caudal_read").format(name))

        try:
            fill(published, 0)
            with reader("select a.version, b.version from swap_marts.a as a cross join swap_marts.b as b") as answers:
                for version in range(1, 41):
                    close_to_readers(conn, building)
                    build_ids.append(conn.execute("insert into ops.build default values returning build_id").fetchone()[0])
                    fill(building, version)
                    publish(conn, build_ids[-1], None, building, published)
                    time.sleep(0.005)
            assert len(answers) > 10
            assert all(a == b for a, b in answers)
            assert conn.execute("select version from swap_marts.a").fetchone() == (40,)
            assert conn.execute("select version from swap_next.a").fetchone() == (39,), "what was published is the next to be built"
        finally:
            conn.execute("delete from ops.build where build_id = any(%s)", [build_ids])
            for schema in (building, published):
                conn.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))


def test_failed_test_keeps_yesterdays_data_and_says_so(built):
    before, figures = _status(), _figures()
    assert _published_status() == before
    with warehouse.connect(autocommit=True) as conn:
        line = conn.execute(
            """select l.id from raw.odoo_account_move_line as l join raw.odoo_account_move as m on m.id = l.move_id
               where l.display_type = 'product' and m.move_type = 'out_invoice' and m.state = 'posted' order by l.id limit 1"""
        ).fetchone()[0]
        charge(conn, line, 1000)
        try:
            done = subprocess.run([CAUDAL, "build"], capture_output=True, text=True, check=False)
            again = build(progress=lambda _: None)  # nothing new in raw: the bad row is on the side that is built, and still tested
        finally:
            charge(conn, line, -1000)
        failed = conn.execute("select status, failed_tests from ops.build order by build_id desc limit 1").fetchone()
    assert done.returncode == 1, done.stderr
    assert failed[0] == "failed"
    assert "lines_add_up_to_their_document" in again.failed_tests
    assert "lines_add_up_to_their_document" in failed[1]
    assert "lines_add_up_to_their_document" in done.stderr
    assert "no se publicó" in done.stderr
    published, is_stale, message = _status()
    assert (published, is_stale) == (before[0], True)
    assert message.startswith("ATENCIÓN: los datos mostrados son los del ")
    assert _published_status() == (published, is_stale, message), "the mart published before the failure tells of it"
    assert _figures() == figures


def test_missing_sources_are_named(built):
    with warehouse.connect(autocommit=True) as conn:
        conn.execute("alter table raw.odoo_agreement_instalment rename to odoo_agreement_instalment_away")
        conn.execute("alter table raw.odoo_meter rename to odoo_meter_away")
        try:
            result = build(progress=lambda _: None)
        finally:
            conn.execute("alter table raw.odoo_agreement_instalment_away rename to odoo_agreement_instalment")
            conn.execute("alter table raw.odoo_meter_away rename to odoo_meter")
    assert not result.ok
    assert result.failed_tests == [f"falta raw.odoo_{name}: corra `caudal replicate`" for name in ("agreement_instalment", "meter")]


def test_partial_build_publishes_nothing(built):
    before = _status()
    result = build("+dim_user_type", progress=lambda _: None)
    assert result.ok, result
    assert "No se publicó nada" in result.message_es
    assert _status() == before


def test_killed_build_then_good_one_under_a_reader(built):
    """A build killed outright leaves no dbt behind and a row that the next build closes; that one swaps under a reader's eyes."""
    published, figures = _status()[0], _figures()
    process = subprocess.Popen([CAUDAL, "build"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    children: list[psutil.Process] = []
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):  # one that has just ended
            children = [c for c in psutil.Process(process.pid).children() if "build" in c.cmdline()]
        if children:
            break
        time.sleep(0.05)
    assert children, "dbt never started"
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    with reader(SAME_FIGURE_TWICE) as answers:
        result = build(progress=lambda _: None)
    assert result.ok, result
    assert all(billed == lines for billed, lines, _ in answers)
    assert answers == {figures}
    status = _status()
    assert status[0] == result.build_id > published
    assert status[1] is False
    assert status[2] == result.message_es
    assert _published_status() == status
    with warehouse.connect() as conn:
        dead = conn.execute("select status, failed_tests from ops.build where build_id = %s", [result.build_id - 1]).fetchone()
    assert dead[0] == "failed"
    assert "murió" in dead[1][0]
