"""The macro for Citus: what it emits, inspected with stand-ins of Citus's functions in a real PostgreSQL; and nothing where there is no Citus."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from caudal import warehouse
from caudal.dbt_run import PROJECT, dbt_environment

BUILDING = "citus_marts"
STAND_IN = """
    create schema citus_stand_in;
    grant usage on schema citus_stand_in to caudal_transform;
    create table citus_stand_in.call (n bigint generated always as identity, what text);
    grant insert on citus_stand_in.call to caudal_transform;
    create function create_distributed_table(name regclass, key text, colocate_with text) returns void language sql as
        $$ insert into citus_stand_in.call (what) values (format('distributed %s by %s with %s', name, key, colocate_with)) $$;
    create function create_reference_table(name regclass) returns void language sql as
        $$ insert into citus_stand_in.call (what) values (format('reference %s', name)) $$;
"""


@pytest.fixture
def building(built):
    """A schema to build in, and Citus's functions, which only write down how they were called."""
    with warehouse.connect(autocommit=True) as conn:
        conn.execute(f"drop schema if exists {BUILDING} cascade; create schema {BUILDING}; grant usage, create on schema {BUILDING} to caudal_transform")
        conn.execute(STAND_IN)
        yield conn
        conn.execute("drop function create_distributed_table; drop function create_reference_table; drop schema citus_stand_in cascade")
        conn.execute(f"drop schema if exists {BUILDING} cascade")


def run(tmp_path: Path, select: str, citus: str) -> None:
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "run", "--select", select, "--vars", json.dumps({"citus": citus}),
               "--target-path", str(tmp_path), "--log-path", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, env=dbt_environment(schema=BUILDING), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def primary_key(conn, table: str) -> list[str]:
    return [r[0] for r in conn.execute(
        """select a.attname from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
           where c.conrelid = to_regclass(%s) and c.contype = 'p' order by array_position(c.conkey, a.attnum)""", [f"{BUILDING}.{table}"])]


SELECT = "fct_receivable_month dim_user_type fct_consumption_month map_sector"


def test_facts_are_cut_by_contract_and_dimensions_copied(building, tmp_path):
    run(tmp_path, SELECT, True)
    calls = {row[0] for row in building.execute("select what from citus_stand_in.call")}
    assert calls == {
        f"distributed {BUILDING}.fct_receivable_month by contract_key with default",
        f"distributed {BUILDING}.fct_consumption_month by contract_key with default",
        f"reference {BUILDING}.dim_user_type",
    }, "a map has no contract: it stays where it is"
    for fact in ("fct_receivable_month", "fct_consumption_month"):
        assert "contract_key" in primary_key(building, fact), "Citus takes no primary key without the distribution column"


def test_a_primary_key_without_contract_gets_it(building, tmp_path):
    before = primary_key(building, "fct_payment_allocation")
    assert before == []
    building.execute(f"create table {BUILDING}.t (payment_key bigint primary key, contract_key bigint)")
    building.execute(f"alter table {BUILDING}.t owner to caudal_transform")
    source = (PROJECT / "macros" / "distribute.sql").read_text(encoding="utf-8")
    body = source[source.index("    do $body$"):source.index("end $body$;")] + "end $body$;"
    building.execute(body.replace("{{ relation }}", f"{BUILDING}.t").replace("{{ key }}", "contract_key"))
    assert primary_key(building, "t") == ["payment_key", "contract_key"]


@pytest.mark.parametrize("citus", ["auto", False])
def test_plain_postgresql_is_asked_nothing(building, tmp_path, citus):
    run(tmp_path, SELECT, citus)
    assert building.execute("select count(*) from citus_stand_in.call").fetchone() == (0,)
