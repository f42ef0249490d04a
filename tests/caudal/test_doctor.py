"""`caudal doctor` names what is missing and what to do about it, and fails only for what is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def doctor(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "CAUDAL_HOME": str(home), "COLUMNS": "200", "ODOO_URL": "", **environment}
    return subprocess.run([sys.executable, "-m", "caudal.cli", "doctor"], env=env, capture_output=True, text=True, check=False)


def test_a_machine_with_both_environments_passes_though_nothing_runs(tmp_path: Path) -> None:
    done = doctor(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "caudal postgres start" in done.stdout  # the warehouse was never started: told, not fatal
    assert not (tmp_path / "postgres").exists()  # it looked, and changed nothing


def test_a_missing_superset_fails_and_says_how_to_get_it(tmp_path: Path) -> None:
    done = doctor(tmp_path, CAUDAL_SUPERSET_VENV=str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "make setup" in done.stdout


def test_an_odoo_that_does_not_answer_is_told(tmp_path: Path) -> None:
    done = doctor(tmp_path, ODOO_URL="http://127.0.0.1:9")
    assert done.returncode == 0
    assert "ConnectionError" in done.stdout
    assert "ODOO_URL" in done.stdout
