"""What the DAG files promise: order, schedule, retries, limits; and that reading them does nothing."""

from __future__ import annotations

import pytest

RAW, MARTS = "caudal://warehouse/raw", "caudal://warehouse/marts"


def tasks(parsed):
    return {f"{dag_id}.{task_id}": task for dag_id, dag in parsed["dags"].items() for task_id, task in dag["tasks"].items()}


def test_reading_them_does_no_input_or_output_and_imports_no_part(parsed):
    assert parsed["errors"] == {}
    assert parsed["loaded"] == []


def test_the_chain_hangs_on_assets(parsed):
    dags = parsed["dags"]
    assert set(dags) == {"caudal_replicate", "caudal_refresh", "caudal_build", "caudal_consumers"}
    assert (dags["caudal_replicate"]["cron"], dags["caudal_refresh"]["cron"]) == ("0 2 * * *", "*/15 7-18 * * *")
    assert (dags["caudal_build"]["waits_for"], dags["caudal_consumers"]["waits_for"]) == ([RAW], [MARTS])
    outlets = {name: task["outlets"] for name, task in tasks(parsed).items() if task["outlets"]}
    # raw and marts are announced by a last step, so nobody hears of a raw that is not whole, or of marts that were not checked
    assert outlets == {
        "caudal_replicate.replicate": ["raw_entity"], "caudal_replicate.announce": [RAW], "caudal_refresh.replicate": ["raw_entity"],
        "caudal_refresh.announce": [RAW], "caudal_build.check": [MARTS]}
    assert dags["caudal_build"]["tasks"]["check"]["upstream"] == ["build"]


def test_each_entity_is_a_task_of_its_own_and_the_last_step_waits_for_all(parsed):
    for dag_id in ("caudal_replicate", "caudal_refresh"):
        steps = parsed["dags"][dag_id]["tasks"]
        assert [name for name, step in steps.items() if step["mapped"]] == ["replicate"]
        assert (steps["replicate"]["upstream"], steps["replicate"]["trigger_rule"]) == (["plan"], "all_success")
        placed, compared = (["locate"], ["reconcile"]) if dag_id == "caudal_replicate" else ([], [])
        assert (steps["announce"]["upstream"], steps["announce"]["trigger_rule"]) == ([*placed, "plan", *compared, "replicate", "telemetry"], "all_done")
    assert parsed["dags"]["caudal_replicate"]["tasks"]["plan"]["upstream"] == ["cadastre"]  # whatever became of it
    assert parsed["dags"]["caudal_replicate"]["tasks"]["plan"]["trigger_rule"] == "all_done"
    assert not {"cadastre", "locate", "reconcile"} & set(parsed["dags"]["caudal_refresh"]["tasks"])


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


def test_the_source_is_read_and_the_marts_are_built_within_pools(parsed):
    for dag_id in ("caudal_replicate", "caudal_refresh"):
        assert tasks(parsed)[f"{dag_id}.replicate"]["pool"] == "odoo"
    assert tasks(parsed)["caudal_build.build"]["pool"] == "warehouse_build"


def test_the_source_gets_as_many_requests_at_once_as_it_stands(monkeypatch):
    from caudal import airflow
    from caudal.airflow_api import AirflowError

    assert (airflow.pools()["odoo"]["slots"], airflow.pools()["warehouse_build"]["slots"]) == (2, 1)
    monkeypatch.setenv("CAUDAL_SOURCE_SLOTS", "6")
    assert airflow.pools()["odoo"]["slots"] == 6
    for wrong in ("0", "muchos"):
        monkeypatch.setenv("CAUDAL_SOURCE_SLOTS", wrong)
        with pytest.raises(AirflowError, match="CAUDAL_SOURCE_SLOTS"):
            airflow.pools()


def test_a_failure_of_any_step_before_the_consumers_is_told(parsed):
    for dag_id in ("caudal_replicate", "caudal_refresh", "caudal_build"):
        steps = parsed["dags"][dag_id]["tasks"]
        assert steps["report_failure"]["trigger_rule"] == "one_failed"
        # entities tell through `announce`, which waits for all of them
        assert set(steps["report_failure"]["upstream"]) == set(steps) - {"report_failure", "replicate"}
