"""Keeps how each dbt test went, build by build: dbt's run_results.json knows only the last run.

Reads: a run_results.json and the manifest.json beside it. Writes: `ops.test_result`, which `mart_quality__test_trend` shows.
"""

from __future__ import annotations

import json
from pathlib import Path

import psycopg

KINDS = {"test": "data_test", "unit_test": "unit_test"}
STATUSES = {"runtime error": "error"}  # dbt's words that are not ours; the others are the same
COPY = "copy ops.test_result (build_id, unique_id, test_name, model_name, test_kind, status, failures, seconds, message) from stdin"


def record(conn: psycopg.Connection, build_id: int, run_results_path: str | Path) -> int:
    """Write the results of the tests of `build_id` (a row of `ops.build`), in place of those it had. Returns how many.

    In the caller's transaction, or in one of its own on a connection in autocommit. Raises FileNotFoundError when either file is missing,
    and psycopg.errors.ForeignKeyViolation when there is no such build.
    """
    path = Path(run_results_path)
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    manifest = json.loads(path.with_name("manifest.json").read_text(encoding="utf-8"))
    rows = [_row(result, manifest) for result in results if result["unique_id"].split(".")[0] in KINDS]
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("delete from ops.test_result where build_id = %s", [build_id])
        with cursor.copy(COPY) as copy:
            for row in rows:
                copy.write_row((build_id, *row))
    return len(rows)


def _row(result: dict, manifest: dict) -> tuple[str, str, str, str, str, int | None, float, str | None]:
    """A result as the columns of the table after build_id."""
    unique_id = result["unique_id"]
    kind = unique_id.split(".")[0]
    node = (manifest["unit_tests"] if kind == "unit_test" else manifest["nodes"])[unique_id]
    status = STATUSES.get(result["status"], result["status"])
    failures = result["failures"] if status in ("pass", "warn", "fail") else None
    message = None if status == "pass" else (result["message"] or "")[:2000]
    return unique_id, node["name"], _model(node), KINDS[kind], status, failures, round(result["execution_time"], 3), message


def _model(node: dict) -> str:
    """Name of the model or source that a test is about."""
    if node.get("model"):  # a unit test says it
        return node["model"]
    about = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), node["name"])
    return about.split(".", 2)[-1]
