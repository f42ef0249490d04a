"""A model that fails stops what hangs on it, and nothing else: the rest is built and tested all the same."""

from __future__ import annotations

import json

import pytest

from caudal import warehouse
from caudal.build import build
from caudal.dbt_run import target_dir
from tests.raw_changes import loader_run

SELECT = "+mart_collections__daily +map_sector"


@pytest.fixture
def broken_payment(built):
    """A payment without date, which the fact's contract does not take: dbt's model fails on it."""
    def write(day: object) -> None:
        with loader_run(conn) as run:
            conn.execute("update raw.odoo_account_payment set date = %s, _run_id = %s where id = %s", [day, run, key])

    with warehouse.connect(autocommit=True) as conn:
        [key, day] = conn.execute("select id, date from raw.odoo_account_payment where state = 'paid' order by id limit 1").fetchone()
        write(None)
        yield
        write(day)


def test_only_the_subtree_fails(broken_payment):
    result = build(SELECT, progress=lambda _: None)
    assert not result.ok
    rows = json.loads((target_dir() / "run_results.json").read_text(encoding="utf-8"))["results"]
    status = {r["unique_id"].split(".")[2]: r["status"] for r in rows if r["unique_id"].startswith("model.")}
    assert status["fct_payment"] == "error"
    assert status["mart_collections__daily"] == "skipped"
    assert {status[m] for m in ("map_sector", "dim_commercial_sector", "dim_user_type") if m in status} == {"success"}
