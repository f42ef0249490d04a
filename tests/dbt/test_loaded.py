"""What a site may lack (cadastre, telemetry) is empty where it is not there, and never where it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from caudal.dbt_run import PROJECT, dbt_environment, target_dir

MODELS = ("stg_gis__sector", "stg_telemetry__hour", "stg_telemetry__inlet", "stg_telemetry__network")
# the first thread to ask for a schema's tables takes its time to note them; the others ask meanwhile
WHILE_A_SCHEMA_IS_LISTED = """
import itertools, sys, time
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.cache import RelationsCache
from dbt.cli.main import dbtRunner
add, list_relations, turn = RelationsCache.add, BaseAdapter.list_relations, itertools.count()

def list_later(adapter, database, schema):
    if schema == "raw" and next(turn):
        while (database, schema) not in adapter.cache:
            time.sleep(0.001)
    return list_relations(adapter, database, schema)

BaseAdapter.list_relations = list_later
RelationsCache.add = lambda cache, relation: (add(cache, relation), time.sleep(0.02))
sys.exit(not dbtRunner().invoke(sys.argv[1:]).success)
"""


@pytest.fixture
def compiled(built: object, tmp_path: Path) -> dict[str, str]:
    """The SQL of MODELS, made by threads of which one lists the tables of raw for dbt's cache, slowly, as on a busy machine."""
    shutil.copy(target_dir() / "partial_parse.msgpack", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WHILE_A_SCHEMA_IS_LISTED, "--quiet", "compile", "--threads", "4", "--select", *MODELS,
         "--target-path", str(tmp_path), "--log-path", str(tmp_path)],
        cwd=PROJECT, env=dbt_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    nodes = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    return {model: nodes[f"model.caudal.{model}"]["compiled_code"] for model in MODELS}


def test_what_is_there_is_read_whoever_is_listing_its_schema(compiled: dict[str, str]) -> None:
    assert [model for model, code in compiled.items() if "not_loaded" in code] == []
