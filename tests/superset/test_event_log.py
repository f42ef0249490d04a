"""The record of who did what: written apart from the answer, whole when the worker ends, one line for an answer; and no answer fails for it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from caudal import warehouse
from caudal.settings import ROOT
from superset_assets import server
from superset_assets.asked import asked
from superset_assets.client import Client
from superset_assets.context import load

ACTION = "prueba.registro"
WORKER = """
import os
from superset_assets.event_log import QueuedEventLogger

events = QueuedEventLogger(os.environ["URI"])
for number in range(int(os.environ["LINES"])):
    events.log(1 if number else 2_000_000, "prueba.registro", 3, 12, None, None, records=[{"number": number, "slice_id": number}])
events.log(1, "execute_sql", records=[{"step": "prueba"}])
print("ended")
"""


@pytest.fixture
def lines(superset_server: str) -> Iterator[Callable[[str], list[tuple]]]:
    """Lines of an action; those of ACTION are taken away before and after."""
    def found(action: str) -> list[tuple]:
        with warehouse.connect(dbname=server.DATABASE) as conn:
            return conn.execute("select user_id, dashboard_id, slice_id, json, dttm from logs where action = %s order by id", [action]).fetchall()

    def forget() -> None:
        with warehouse.connect(dbname=server.DATABASE) as conn:
            conn.execute("delete from logs where action = %s", [ACTION])

    forget()
    yield found
    forget()


def worker(uri: str, count: int) -> subprocess.CompletedProcess[str]:
    """A process like Superset's worker that leaves so many lines, and ends."""
    env = {**os.environ, "URI": uri, "LINES": str(count), "PYTHONPATH": str(ROOT)}
    return subprocess.run([str(server.venv() / "bin" / "python"), "-c", WORKER], env=env, capture_output=True, text=True, check=True, cwd=ROOT)


def test_all_lines_are_there_when_the_worker_has_ended(lines: Callable) -> None:
    worker(server.metadata_uri(), 1200)
    found = lines(ACTION)
    assert [row[:3] for row in found] == [(1 if number else None, 3, number) for number in range(1200)], "the first is of a user who is gone"
    assert not [row for row in lines("execute_sql") if "prueba" in row[3]], "a step of an answer is not kept"


def test_lines_of_half_a_year_ago_go(lines: Callable) -> None:
    with warehouse.connect(dbname=server.DATABASE) as conn:
        for days in (170, 190):
            conn.execute("insert into logs (action, json, dttm) values (%s, %s, now() at time zone 'UTC' - %s * interval '1 day')", [ACTION, str(days), days])
    worker(server.metadata_uri(), 1)
    assert [row[3] for row in lines(ACTION)] == ["170", "{\"number\": 0, \"slice_id\": 0}"]


def test_without_the_database_the_answer_goes_on_and_the_loss_is_said() -> None:
    done = worker("postgresql+psycopg2://nobody:secreto@127.0.0.1:9/superset", 2)
    assert done.stdout == "ended\n"
    assert "event log: 2 lines could not be written and are lost" in done.stderr and "secreto" not in done.stderr


def test_one_line_for_a_chart_and_it_says_whose(superset: Client, lines: Callable) -> None:
    context = load()
    request = next(iter(asked(context, superset, "morosidad")))
    with warehouse.connect(dbname=server.DATABASE) as conn:
        admin = conn.execute("select id from ab_user where username = 'admin'").fetchone()[0]
    asked_at = datetime.now(UTC).replace(tzinfo=None)  # what was asked to make the request may still wait to be written
    superset.post("/api/v1/chart/data", json=request.body)
    until = time.monotonic() + 30
    found: list[tuple] = []
    while not found and time.monotonic() < until:
        time.sleep(0.2)
        with warehouse.connect(dbname=server.DATABASE) as conn:
            found = conn.execute("select action, user_id from logs where dttm >= %s", [asked_at]).fetchall()
    assert found == [("ChartDataRestApi.data", admin)]
