"""Results of the tests of a real build, kept: read from the run_results.json that dbt left after the session's first build."""

from __future__ import annotations

import json
import shutil

import psycopg
import pytest

from caudal import warehouse
from caudal.settings import settings
from caudal.test_results import record

FIRST = settings().home / "first_build" / "run_results.json"
COUNT = "select status, count(*) from ops.test_result where build_id = %s group by 1"


@pytest.fixture
def conn(built):
    with warehouse.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def with_unit_tests(built, tmp_path):
    """What dbt left of the data tests, and two unit tests that passed, as a build of files that have changed leaves them."""
    results = json.loads(FIRST.read_text())
    results["results"] = [r for r in results["results"] if not r["unique_id"].startswith("unit_test.")]
    nodes = json.loads(FIRST.with_name("manifest.json").read_text())["unit_tests"]
    template = next(r for r in results["results"] if r["unique_id"].startswith("test."))
    chosen = {node["name"]: unique_id for unique_id, node in nodes.items()}
    results["results"] += [{**template, "unique_id": chosen[name], "status": "pass", "failures": 0} for name in (
        "a_work_order_is_overdue_the_day_after_its_day", "a_request_has_the_term_of_its_kind")]
    (tmp_path / "run_results.json").write_text(json.dumps(results))
    shutil.copy(FIRST.with_name("manifest.json"), tmp_path)
    return tmp_path / "run_results.json"


def test_every_test_of_the_build_is_recorded_once(conn, built):
    wanted = [r for r in json.loads(FIRST.read_text())["results"] if r["unique_id"].startswith(("test.", "unit_test."))]
    assert record(conn, built.build_id, FIRST) == record(conn, built.build_id, FIRST) == len(wanted) > 100
    counts = dict(conn.execute(COUNT, [built.build_id]).fetchall())
    assert sum(counts.values()) == len(wanted) and set(counts) <= {"pass", "warn"}
    about = dict(conn.execute("select test_name, model_name from ops.test_result where build_id = %s", [built.build_id]).fetchall())
    assert about["fct_service_request_keys_are_known"] == "fct_service_request"
    assert about["quality_failures_are_within_their_population"] == "mart_quality__month"


def test_a_unit_test_is_recorded_by_its_model(conn, built, with_unit_tests):
    record(conn, built.build_id, with_unit_tests)
    about = dict(conn.execute("select test_name, model_name from ops.test_result where build_id = %s", [built.build_id]).fetchall())
    assert about["a_work_order_is_overdue_the_day_after_its_day"] == "fct_work_order"


def test_the_trend_counts_failures_and_rows(conn, built, with_unit_tests):
    """What failed, warned and could not run is told apart: the real file, with three results as dbt writes them when things go wrong."""
    results = json.loads(with_unit_tests.read_text())
    chosen = ("fct_service_request_keys_are_known", "fct_service_request_status_is_known", "a_request_has_the_term_of_its_kind")
    of_fact = [r for r in results["results"] if any(name in r["unique_id"] for name in chosen)]
    assert len(of_fact) == 3
    for result, (status, failures) in zip(of_fact, [("fail", 7), ("warn", 2), ("runtime error", None)], strict=True):
        result.update(status=status, failures=failures, message="Got rows")
    with_unit_tests.write_text(json.dumps(results))
    record(conn, built.build_id, with_unit_tests)
    row = conn.execute("select tests_count, failed_tests, warned_tests, failing_rows from marts.mart_quality__test_trend "
                       "where build_id = %s and model_name = 'fct_service_request'", [built.build_id]).fetchone()
    assert row is not None and row[1:] == (2, 1, 9)
    assert row[0] >= 3


def test_an_unknown_build_is_refused(conn):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        record(conn, 10**9, FIRST)
