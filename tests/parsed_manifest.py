"""dbt's manifests of the present checkout, made once a session by `dbt parse` (no database is asked)."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

DBT = Path(__file__).resolve().parents[1] / "dbt"


def read_manifest() -> dict[str, Any]:
    """What manifest.json holds; the caller's own, who may spoil it."""
    return json.loads((parsed_manifest() / "manifest.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def parsed_manifest() -> Path:
    """Folder holding manifest.json and semantic_manifest.json."""
    target = Path(tempfile.mkdtemp(prefix="caudal-parse-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    command = [
        str(Path(sys.executable).parent / "dbt"), "--quiet", "parse", "--project-dir", str(DBT), "--profiles-dir", str(DBT),
        "--target-path", str(target), "--log-path", str(target / "logs"),
    ]
    done = subprocess.run(command, check=False, env={**os.environ, "DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return target
