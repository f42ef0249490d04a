"""`caudal up` and `caudal down`, as `make demo` and `make stop` call them, in a home of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import requests

CAUDAL = [sys.executable, "-m", "caudal.cli"]
STATE = """select (select count(*) from ops.run), (select count(*) from ops.build), (select count(*) from ops.incident_event),
                  (select count(*) from ops.report_file), (select count(*) from raw.odoo_account_move), (select max(_run_id) from raw.odoo_account_move)"""


@pytest.fixture
def env(tmp_path_factory: pytest.TempPathFactory):
    home = tmp_path_factory.mktemp("demo-home")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ODOO_", "CAUDAL_", "SUPERSET_"))}
    environment = {**inherited, "CAUDAL_HOME": str(home), "CAUDAL_SUPERSET_WORKERS": "1", "COLUMNS": "100"}
    yield environment
    run(environment, "down")


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CAUDAL, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def of_home(home: str) -> list[psutil.Process]:
    """Processes that carry this home in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CAUDAL_HOME") == home and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def state(env: dict[str, str]) -> tuple:
    with psycopg.connect(run(env, "postgres", "url", "--role", "load").stdout.strip()) as conn:
        return conn.execute(STATE).fetchone()


def written(home: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for folder in ("reports", "powerbi", "outbox") for p in (home / folder).rglob("*") if p.is_file()}


REPLICATING = re.compile(r"caudal_replicate\.replicate\[\w+\]: success")  # the first entity is in, the others are not


def kill_when_it_replicates(env: dict[str, str]) -> str:
    """Start `caudal up` and kill it, with -9, once the first entity is replicated; what it had printed."""
    lines = []
    with subprocess.Popen([*CAUDAL, "up", "--size", "tiny"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            lines.append(line)
            if REPLICATING.search(line):
                process.send_signal(signal.SIGKILL)
                break
    return "".join(lines)


def test_killed_half_way_then_whole_then_nothing_more_to_do_then_stopped(env: dict[str, str]) -> None:
    home = Path(env["CAUDAL_HOME"])
    assert REPLICATING.search(kill_when_it_replicates(env))

    first = run(env, "up", "--size", "tiny")
    assert first.returncode == 0, first.stdout[-4000:]
    address = re.search(r"http://127\.0\.0\.1:\d+", first.stdout.split("Tablero:")[1])[0]
    password = re.search(r"clave: (\S+)", first.stdout)[1]
    login = requests.post(f"{address}/api/v1/security/login", json={"username": "admin", "password": password, "provider": "db"}, timeout=30)
    assert login.status_code == 200
    dashboards = requests.get(f"{address}/api/v1/dashboard/morosidad", headers={"Authorization": f"Bearer {login.json()['access_token']}"}, timeout=30)
    assert dashboards.json()["result"]["dashboard_title"] == "Morosidad"
    page = re.search(r"\[Qué significa cada gráfico\]\((http[^)]+)\)", str(json.loads(dashboards.json()["result"]["position_json"])))[1]
    assert requests.get(page, timeout=30).ok, page

    before, files, started = state(env), written(home), time.time()
    again = run(env, "up", "--size", "tiny")
    assert again.returncode == 0, again.stdout[-4000:]
    assert state(env) == before
    assert written(home) == files
    assert files
    running = of_home(str(home))
    assert any("gunicorn" in " ".join(p.cmdline()) for p in running)
    assert not [p for p in running if p.create_time() > started]  # nothing was restarted

    assert "superset" in run(env, "down").stdout
    assert not of_home(str(home))
    assert "No había nada" in run(env, "down").stdout
