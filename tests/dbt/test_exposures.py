"""Every consumer is an exposure that names every mart it reads: `dbt ls` then tells who is hurt by a change, and a failure stops what hangs on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from consumers_of_marts import ROOT, consumers

from caudal.semantic import load
from tests.parsed_manifest import DBT, parsed_manifest


@pytest.fixture(scope="module")
def folder() -> Path:
    return parsed_manifest()


@pytest.fixture(scope="module")
def manifest(folder) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def exposures(manifest) -> dict[str, set[str]]:
    """Path of the consumer → models that its exposure names."""
    return {e["config"]["meta"]["path"]: {n.split(".")[-1] for n in e["depends_on"]["nodes"]} for e in manifest["exposures"].values()}


def test_every_consumer_is_an_exposure_that_names_what_it_reads(folder, manifest, exposures):
    models = {n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    read = consumers(load(folder), folder, models)
    missing = {path: sorted(marts - exposures.get(path, set())) for path, marts in read.items() if marts - exposures.get(path, set())}
    assert missing == {}, "name these in dbt/models/exposures.yml (config.meta.path says whose it is)"


def test_every_exposure_is_a_consumer_that_exists(folder, manifest, exposures):
    models = {n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    assert set(exposures) == set(consumers(load(folder), folder, models))
    assert [path for path in exposures if not (ROOT / path).exists()] == []


def dbt(*arguments: str, target: Path) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).parent / "dbt"), "--quiet", *arguments, "--project-dir", str(DBT), "--profiles-dir", str(DBT),
               "--target-path", str(target), "--log-path", str(target / "logs")]
    return subprocess.run(command, check=False, env={**os.environ, "DO_NOT_TRACK": "1"}, capture_output=True, text=True, timeout=120)


def test_dbt_says_who_is_hurt_by_a_change(folder, tmp_path):
    """A change of the 607's documents hurts the 607 and nobody else."""
    target = Path(shutil.copytree(folder, tmp_path / "target"))  # with its parse, which takes most of the time
    done = dbt("ls", "--select", "int_billing__607_document+", "--resource-type", "exposure", "--output", "name", target=target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == ["formato_607_dgii"]


def test_a_change_of_the_payments_hurts_whoever_shows_them(manifest):
    hurt, todo = set(), ["model.caudal.fct_payment"]
    while todo:
        key = todo.pop()
        if key not in hurt:
            hurt.add(key)
            todo += manifest["child_map"].get(key, [])
    assert {"exposure.caudal.reporte_recaudacion_mensual", "exposure.caudal.tablero_morosidad", "exposure.caudal.modelo_power_bi"} <= hurt
