"""Airflow for real, on the tiny utility: scheduler, LocalExecutor, assets. A good run reaches every consumer; a failed build reaches none.

The failed build is made by a broken row in raw; both are undone, so the session's data end as they were.
"""

from __future__ import annotations

import pytest

from caudal import warehouse
from caudal.airflow_run import ChainFailed
from caudal.settings import settings

TIMEOUT_S = 300
EXPECTED = {
    "caudal_replicate": {"cadastre", "replicate", "report_failure"},
    "caudal_build": {"build", "check", "report_failure"},
    "caudal_consumers": {"superset", "alerts", "reports", "powerbi"},
}


def rows(text: str, parameters: object = None) -> list[tuple]:
    with warehouse.connect() as conn:
        return conn.execute(text, parameters).fetchall()


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
    assert summary.states == expected
    assert summary.runs["caudal_build"].startswith("asset_triggered")
    assert summary.runs["caudal_consumers"].startswith("asset_triggered")
    assert any("caudal_build.build: running" in line for line in lines)
    assert airflow_server.is_running()  # it ran before, so it stays


def test_each_step_left_what_it_is_for(chain):
    from superset_assets.client import Client

    _, (last_run, last_build), _ = chain
    done = rows("select pipeline, count(*) from ops.run where run_id > %s and status = 'ok' group by pipeline", [last_run])
    counts = dict(done)
    assert counts["replicate"] >= 20
    assert counts["alerts"] == 1
    assert rows("select count(*) from ops.run where run_id > %s and status <> 'ok'", [last_run]) == [(0,)]
    assert rows("select status, promoted_at is not null from ops.build where build_id > %s", [last_build]) == [("ok", True)]
    assert rows("select count(*) > 0 from ops.incident where closed_at is null") == [(True,)]
    assert rows("select count(*) > 0 from ops.alert_message where status = 'sent'") == [(True,)]
    assert list((settings().home / "outbox").glob("*.eml"))
    assert {path.suffix.lower() for path in (settings().home / "reports").rglob("*") if path.is_file()} >= {".xlsx", ".pdf", ".txt"}
    assert list((settings().home / "powerbi").rglob("*.pbip"))
    assert "Morosidad" in {board["dashboard_title"] for board in Client().items("dashboard")}


def test_without_the_right_password_airflow_lets_nobody_in(chain, airflow_server):
    from caudal.airflow_api import AirflowApi, AirflowError

    with pytest.raises(AirflowError, match="refuses the log-in"):
        AirflowApi(airflow_server.url(), airflow_server.USER, "otra").dag_ids()


@pytest.fixture
def broken_line(chain):
    """One posted invoice line that says RD$ 1 more than its document; mended afterwards."""
    line, build = rows("select max(l.id), (select max(build_id) from ops.build) from raw.odoo_account_move_line l "
                       "join raw.odoo_account_move m on m.id = l.move_id where m.state = 'posted' and m.move_type = 'out_invoice' and l.display_type = 'product'")[0]
    change = "update raw.odoo_account_move_line set price_subtotal = price_subtotal + %s where id = %s"
    with warehouse.connect(autocommit=True) as conn:
        conn.execute(change, [1, line])
        yield line
        conn.execute(change, [-1, line])
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
