"""Airflow for real, on the tiny utility: scheduler, LocalExecutor, assets. A good run reaches every consumer; a failed build reaches none.

The failed build is made by a broken row in raw; both are undone, so the session's data end as they were.
"""

from __future__ import annotations

import time

import pytest

from caudal import warehouse
from caudal.airflow_run import POLL_S, ChainFailed
from caudal.settings import settings
from sources.status import status
from tests.raw_changes import charge

TIMEOUT_S = 1500
EXPECTED = {
    "caudal_replicate": {"cadastre", "plan", "locate", "reconcile", "telemetry", "announce", "report_failure"},
    "caudal_build": {"build", "check", "report_failure"},
    "caudal_consumers": {"superset", "alerts", "reports", "powerbi"},
}


def rows(text: str, parameters: object = None) -> list[tuple]:
    with warehouse.connect() as conn:
        return conn.execute(text, parameters).fetchall()


def entities() -> list[str]:
    return [found.entity for found in status()]


@pytest.fixture(scope="module")
def chain(airflow_server):
    """One run of the whole chain, and the newest run and build that there were before it."""
    before = rows("select coalesce(max(run_id), 0) from ops.run")[0][0], rows("select coalesce(max(build_id), 0) from ops.build")[0][0]
    lines: list[str] = []
    summary = airflow_server.run_once(TIMEOUT_S, lines.append)
    return summary, before, lines


def test_every_task_succeeds_from_asset_to_asset(chain, airflow_server):
    summary, _, lines = chain
    expected = {f"{dag}.{task}": "skipped" if task == "report_failure" else "success" for dag, tasks in EXPECTED.items() for task in tasks}
    assert summary.states == expected | {f"caudal_replicate.replicate[{entity}]": "success" for entity in entities()}
    assert summary.runs["caudal_build"].startswith("asset_triggered")
    assert summary.runs["caudal_consumers"].startswith("asset_triggered")
    assert any("caudal_build.build: running" in line for line in lines)
    assert airflow_server.is_running()  # it ran before, so it stays


def test_each_step_left_what_it_is_for(chain):
    from superset_assets.client import Client

    _, (last_run, last_build), _ = chain
    done = rows("select pipeline, count(*) from ops.run where run_id > %s and status = 'ok' group by pipeline", [last_run])
    counts = dict(done)
    assert counts["replicate"] == len(entities())
    assert counts["alerts"] == 1
    assert rows("select count(*) from ops.run where run_id > %s and status <> 'ok'", [last_run]) == [(0,)]
    assert rows("select status, promoted_at is not null from ops.build where build_id > %s", [last_build]) == [("ok", True)]
    assert rows("select count(*) > 0 from ops.incident where closed_at is null") == [(True,)]
    assert rows("select count(*) > 0 from ops.alert_message where status = 'sent'") == [(True,)]
    assert list((settings().home / "outbox").glob("*.eml"))
    assert {path.suffix.lower() for path in (settings().home / "reports").rglob("*") if path.is_file()} >= {".xlsx", ".pdf", ".txt"}
    assert list((settings().home / "powerbi").rglob("*.pbip"))
    assert "Morosidad" in {board["dashboard_title"] for board in Client().items("dashboard")}


def test_each_entity_tells_what_it_did_through_an_asset_of_its_own(chain, airflow_server):
    summary, _, _ = chain
    events = airflow_server.api().call("GET", "assets/events", params={
        "source_dag_id": "caudal_replicate", "source_run_id": summary.runs["caudal_replicate"], "limit": 100})["asset_events"]
    told = {event["uri"]: event["extra"] for event in events}
    raw = told.pop("caudal://warehouse/raw")
    now = {f"caudal://warehouse/raw/{found.table}": found for found in status()}
    assert set(told) == set(now)
    move = told["caudal://warehouse/raw/odoo_account_move"]
    assert {key: move[key] for key in ("state", "rows_live", "reconciliation", "run_id", "watermark", "rows_quarantined")} == {
        key: value for key, value in now["caudal://warehouse/raw/odoo_account_move"].as_dict().items()
        if key in ("state", "rows_live", "reconciliation", "run_id", "watermark", "rows_quarantined")}
    assert (raw["entities"], raw["rows_read"]) == (len(now), sum(extra["rows_read"] for extra in told.values()))


def test_the_source_is_never_asked_for_more_at_once_than_the_pool_allows(chain, airflow_server):
    tasks = airflow_server.api().tasks("caudal_replicate", chain[0].runs["caudal_replicate"])
    spans = [(t["start_date"], t["end_date"]) for t in tasks if t["task_id"] == "replicate"]
    assert max(sum(start <= moment < end for start, end in spans) for moment, _ in spans) <= 2
    order = sorted((t for t in tasks if t["task_id"] == "replicate"), key=lambda t: t["start_date"])
    assert {t["rendered_map_index"] for t in order[:3]} >= {"account_move_line", "account_move"}  # the long ones first


def test_without_an_hour_for_it_nothing_is_refreshed_during_the_day(chain, airflow_server):
    assert airflow_server.api().dag_ids() == set(EXPECTED)


def test_without_the_right_password_airflow_lets_nobody_in(chain, airflow_server):
    from caudal.airflow_api import AirflowApi, AirflowError

    with pytest.raises(AirflowError, match="refuses the log-in"):
        AirflowApi(airflow_server.url(), airflow_server.USER, "otra").dag_ids()


@pytest.fixture
def broken_table(chain):
    """`collector` cannot be loaded: a column of its raw table has another type than the mapping says; mended afterwards."""
    with warehouse.connect(autocommit=True) as conn:
        conn.execute("alter table raw.odoo_collector rename column name to kept")
        conn.execute("alter table raw.odoo_collector add column name bigint")
        yield
        conn.execute("alter table raw.odoo_collector drop column name")
        conn.execute("alter table raw.odoo_collector rename column kept to name")
    import alerts
    from sources.replicate import replicate

    assert [r.status for r in replicate(["collector"], full=True)] == ["ok"]
    alerts.evaluate(notify=False)


def test_an_entity_that_fails_stops_no_other_and_raw_is_not_announced(broken_table, airflow_server):
    api = airflow_server.api()
    before = rows("select max(run_id) from ops.run")[0][0]
    builds = api.call("GET", "dags/caudal_build/dagRuns")["total_entries"]
    run = api.trigger("caudal_replicate", "an entity fails")
    deadline = time.monotonic() + TIMEOUT_S
    while (state := api.run("caudal_replicate", run)["state"]) not in ("success", "failed"):
        assert time.monotonic() < deadline, api.tasks("caudal_replicate", run)
        for task in api.tasks("caudal_replicate", run):
            if task["state"] == "up_for_retry":  # as a person does who knows that it will fail again: the tries are minutes apart
                api.call("PATCH", f"dags/caudal_replicate/dagRuns/{run}/taskInstances/replicate/{task['map_index']}", json={"new_state": "failed"})
        time.sleep(POLL_S)
    assert state == "failed"
    tasks = api.tasks("caudal_replicate", run)
    assert [t["state"] for t in tasks if t["task_id"] in ("announce", "report_failure")] == ["failed", "failed"]
    assert sorted(t["state"] for t in tasks if t["task_id"] == "replicate") == ["failed"] + ["success"] * (len(entities()) - 1)
    assert dict(rows("select entity, status from ops.run where run_id > %s and pipeline = 'replicate' and status <> 'ok'", [before])) == {
        "collector": "failed"}
    assert [found.entity for found in status() if not found.is_fine] == ["collector"]
    assert api.call("GET", "dags/caudal_build/dagRuns")["total_entries"] == builds  # nobody builds on half a raw


@pytest.fixture
def broken_line(chain):
    """One posted invoice line that says RD$ 1 more than its document; mended afterwards."""
    line, build = rows("select max(l.id), (select max(build_id) from ops.build) from raw.odoo_account_move_line l "
                       "join raw.odoo_account_move m on m.id = l.move_id where m.state = 'posted' and m.move_type = 'out_invoice' and l.display_type = 'product'")[0]
    with warehouse.connect(autocommit=True) as conn:
        charge(conn, line, 1)
        yield line
        charge(conn, line, -1)
        conn.execute("delete from ops.build where build_id > %s", [build])
    import alerts

    alerts.evaluate(notify=False)


def test_a_failed_build_fails_its_dag_tells_and_stops_before_the_consumers(broken_line, airflow_server):
    published = rows("select max(build_id) from ops.build where status = 'ok'")
    consumers = airflow_server.api().call("GET", "dags/caudal_consumers/dagRuns")["total_entries"]
    with pytest.raises(ChainFailed, match="Failed: caudal_build.build") as failure:
        airflow_server.run_once(TIMEOUT_S, print, first="caudal_build")
    assert "lines_add_up_to_their_document" in str(failure.value)  # the end of the task's log names the test
    summary = failure.value.summary
    assert summary.states == {"caudal_build.build": "failed", "caudal_build.check": "upstream_failed", "caudal_build.report_failure": "failed"}
    task = airflow_server.api().tasks("caudal_build", summary.runs["caudal_build"])
    assert {t["task_id"]: t["try_number"] for t in task}["build"] == 1  # a failed test fails again: not tried twice
    assert airflow_server.api().call("GET", "dags/caudal_consumers/dagRuns")["total_entries"] == consumers
    assert rows("select published_build_id, is_stale from ops.data_status") == [(published[0][0], True)]
    (told,) = rows("""select m.recipient, m.subject, m.body_text from ops.alert_message m
                      where m.message_id = (select max(message_id) from ops.alert_message)""")
    assert told[0] == "tecnologia@caudal.example"
    assert told[1].startswith("[Datos atrasados]")
    assert "no pasó" in told[2]
