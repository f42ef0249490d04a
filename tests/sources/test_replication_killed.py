"""A run killed with SIGKILL in the middle, and two runs at once."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

from sources.odoo import mapping
from tests.sources.compare import assert_same

LINES = next(e for e in mapping.load(mapping.path_of("demo")) if e.name == "account_move_line")
MARK = "select watermark, max_id, run_id from ops.watermark where entity = 'account_move_line'"


def writing(lab) -> bool:
    """Whether a loader has written rows that it has not committed."""
    return lab.warehouse("""select exists (select from pg_stat_activity where datname = current_database()
        and application_name = 'caudal:load' and backend_xid is not null and query ilike 'copy %%')""")[0][0]


def test_a_killed_run_leaves_everything_as_it_was_and_the_next_one_completes(lab) -> None:
    lab.source("delete from account_move_line where id % 50 = 0")
    lab.source("""update account_move_line set name = 'corregido', write_date = (select max(write_date) from account_move_line) + interval '1 minute'
                  where id % 2 = 0""")
    before, mark = lab.versions("odoo_account_move_line"), lab.warehouse(MARK)
    with lab.server.knobs.set(latency_s=0.1):
        command = lab.command("--entity", LINES.name, "--page-rows", "200")
        while not writing(lab):
            assert command.poll() is None, command.communicate()[0]
            time.sleep(0.02)
        command.send_signal(signal.SIGKILL)
        assert command.wait(10) == -signal.SIGKILL

    assert lab.versions("odoo_account_move_line") == before
    assert lab.warehouse(MARK) == mark
    killed = lab.warehouse("select run_id, status from ops.run where entity = 'account_move_line' order by run_id desc limit 1")[0]
    assert killed[1] == "running"

    result = lab.one(LINES.name)

    assert result.updated > 5_000 and result.deleted > 200 and result.reconciliation == "ok"
    assert_same(lab, LINES, "account_move_line")
    status, error = lab.warehouse("select status, error from ops.run where run_id = %s", [killed[0]])[0]
    assert status == "failed" and "murió" in error


def test_two_runs_at_once_do_the_work_once(lab) -> None:
    lab.warehouse("drop table raw.odoo_account_move_line")
    lab.touch("water_contract", [1, 2, 3], "is_cuttable = not is_cuttable")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: lab.replicate("account_move_line", "contract"), range(2)))
    assert all(r.status == "ok" for results in both for r in results.values()), both
    rows = assert_same(lab, LINES, "account_move_line")
    assert sorted(results["account_move_line"].inserted for results in both) == [0, rows]
    assert sorted(results["contract"].updated for results in both) == [0, 3]
