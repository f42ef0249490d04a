"""What the DAG files promise: order, schedule, retries, limits; and that reading them does nothing."""

from __future__ import annotations

RAW, MARTS = "caudal://warehouse/raw", "caudal://warehouse/marts"


def tasks(parsed):
    return {f"{dag_id}.{task_id}": task for dag_id, dag in parsed["dags"].items() for task_id, task in dag["tasks"].items()}


def test_reading_them_does_no_input_or_output_and_imports_no_part(parsed):
    assert parsed["errors"] == {}
    assert parsed["loaded"] == []


def test_the_chain_hangs_on_assets(parsed):
    dags = parsed["dags"]
    assert set(dags) == {"caudal_replicate", "caudal_build", "caudal_consumers"}
    assert dags["caudal_replicate"]["cron"] == "0 2 * * *"
    assert (dags["caudal_build"]["waits_for"], dags["caudal_consumers"]["waits_for"]) == ([RAW], [MARTS])
    outlets = {name: task["outlets"] for name, task in tasks(parsed).items() if task["outlets"]}
    # marts are announced by the last step of the build, so nobody hears of marts that were not checked
    assert outlets == {"caudal_replicate.replicate": [RAW], "caudal_build.check": [MARTS]}
    assert dags["caudal_build"]["tasks"]["check"]["upstream"] == ["build"]


def test_each_dag_explains_itself_and_runs_once_at_a_time(parsed):
    for dag_id, dag in parsed["dags"].items():
        assert dag["doc"].startswith(f"### {dag_id}"), dag_id
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
        assert dag["timeout"] > 0
        assert "caudal" in dag["tags"]


def test_each_task_has_an_owner_a_limit_and_retries_that_wait_longer_each_time(parsed):
    for name, task in tasks(parsed).items():
        assert task["owner"] == "caudal", name
        assert 0 < task["timeout"] <= 4 * 3600, name
        assert task["doc"], name
        if not name.endswith(".report_failure"):
            assert task["retries"] >= 1, name
            assert task["backoff"] > 1, name


def test_the_source_is_read_by_one_task_at_a_time(parsed):
    assert tasks(parsed)["caudal_replicate.replicate"]["pool"] == "odoo"
    assert tasks(parsed)["caudal_build.build"]["pool"] == "warehouse_build"


def test_a_failure_of_any_step_before_the_consumers_is_told(parsed):
    for dag_id in ("caudal_replicate", "caudal_build"):
        steps = parsed["dags"][dag_id]["tasks"]
        assert steps["report_failure"]["trigger_rule"] == "one_failed"
        assert set(steps["report_failure"]["upstream"]) == set(steps) - {"report_failure"}
