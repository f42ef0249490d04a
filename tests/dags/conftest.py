"""Airflow for the tests: what the DAG files say (read in a process of its own), and a real Airflow over the session's tiny utility."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from caudal.settings import ROOT, settings


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The DAG files as `parse_dags.py` read them, without network or databases."""
    home = tmp_path_factory.mktemp("airflow")
    env = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
           "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"), "PYTHONPATH": str(ROOT / "dags"), "CAUDAL_REFRESH_CRON": "*/15 7-18 * * *"}
    done = subprocess.run([sys.executable, str(Path(__file__).with_name("parse_dags.py")), str(ROOT / "dags")], env=env, cwd=home,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def airflow_server(replicated: object, superset_server: str, home: Path) -> Iterator[object]:
    """A running Airflow whose tasks see the stand-in of Odoo and the tiny cadastre; stopped after the module."""
    from caudal import airflow

    os.environ["CAUDAL_CADASTRE"] = str(home / "cadastre.geojson")
    os.environ["CAUDAL_TELEMETRY_DIR"] = str(home / "telemetry")
    settings.cache_clear()
    try:
        airflow.start(print)
        yield airflow
    finally:
        airflow.stop()
        del os.environ["CAUDAL_CADASTRE"], os.environ["CAUDAL_TELEMETRY_DIR"]
        settings.cache_clear()
