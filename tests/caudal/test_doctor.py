"""`caudal doctor` names what is missing and what to do about it, and fails only for what is needed."""

from __future__ import annotations

import os
import re
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
    done = doctor(tmp_path, ODOO_URL="http://127.0.0.1:9", ODOO_DB="odoo", ODOO_USER="caudal", ODOO_PASSWORD="x")
    assert done.returncode == 0
    assert "La fuente responde y acepta la credencial │ no" in done.stdout
    assert "http://127.0.0.1:9" in done.stdout
    assert "Permisos" not in done.stdout  # nobody can know


def test_a_source_that_can_be_read_whole(tiny_source, tmp_path: Path) -> None:
    done = doctor(tmp_path, ODOO_URL=tiny_source.url)
    assert done.returncode == 0, done.stdout
    assert "rpc (odoo:odoo_demo)" in done.stdout
    read, every = re.search(r"se pueden leer (\d+) de (\d+) entidades", done.stdout).groups()
    assert read == every != "0"
    assert "–" not in done.stdout[done.stdout.index("Transporte de la fuente"):]


def test_a_credential_that_is_refused_and_a_transport_that_is_not_there(tiny_source, tmp_path: Path) -> None:
    refused = doctor(tmp_path, ODOO_URL=tiny_source.url, ODOO_PASSWORD="clave-que-no-es")
    assert "La fuente responde y acepta la credencial │ no" in refused.stdout
    assert "ODOO_PASSWORD" in refused.stdout and "clave-que-no-es" not in refused.stdout
    unknown = doctor(tmp_path, ODOO_URL=tiny_source.url, ODOO_TRANSPORT="telepatia")
    assert "Los transportes instalados son" in unknown.stdout


def test_what_the_mapping_wants_and_the_user_may_not_see_is_told(tiny_source, tmp_path: Path) -> None:
    with tiny_source.knobs.set(denied_models=["account.journal"], removed_fields={"res.partner": ["vat"]}):
        done = doctor(tmp_path, ODOO_URL=tiny_source.url)
    read, every = map(int, re.search(r"se pueden leer (\d+) de (\d+) entidades", done.stdout).groups())
    assert every - read == 2
    told = " ".join(re.sub("[│\n]", " ", done.stdout).split())
    assert "account.journal" in told and "'vat'" in told
    assert done.returncode == 0  # the demo does without
