"""The macro for Citus: what it emits, inspected with stand-ins of Citus's functions in a real PostgreSQL; and nothing where there is no Citus."""

from __future__ import annotations

import json

import pytest
from incremental_lab import a_copy, without_tests

from caudal import warehouse
from caudal.build import build
from caudal.dbt_run import PROJECT

BUILDING = "marts_next"
SELECT = "fct_receivable_month dim_user_type fct_consumption_month map_sector"
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


@pytest.fixture(scope="module")
def conn(both_sides):
    """Citus's functions, which only write down how they were called."""
    with a_copy(), warehouse.connect(autocommit=True) as conn:
        conn.execute(STAND_IN)
        yield conn


def made(citus: bool, full_refresh: bool) -> None:
    """SELECT built on the unpublished side, as a warehouse with Citus does, or as this one."""
    lines: list[str] = []
    with without_tests("--select", SELECT, *(["--vars", json.dumps({"citus": True})] if citus else [])):
        result = build(SELECT, lines.append, full_refresh=full_refresh)
    assert result.ok, "\n".join(lines)


def primary_key(conn, table: str) -> list[str]:
    return [r[0] for r in conn.execute(
        """select a.attname from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
           where c.conrelid = to_regclass(%s) and c.contype = 'p' order by array_position(c.conkey, a.attnum)""", [table])]


def calls(conn) -> list[str]:
    return [row[0] for row in conn.execute("select what from citus_stand_in.call order by what")]


def test_facts_are_cut_by_contract_and_dimensions_copied_and_plain_postgresql_is_asked_nothing(conn):
    facts = ("fct_consumption_month", "fct_receivable_month")
    made(citus=True, full_refresh=True)
    made(citus=True, full_refresh=False)
    assert calls(conn) == [
        *(f"distributed {BUILDING}.{fact} by contract_key with default" for fact in facts),  # once: an incremental run finds it distributed
        *2 * [f"reference {BUILDING}.dim_user_type"],  # made whole by each build
    ], "a map has no contract: it stays where it is"
    for fact in facts:
        assert "contract_key" in primary_key(conn, f"{BUILDING}.{fact}"), "Citus takes no primary key without the distribution column"
    conn.execute("delete from citus_stand_in.call")
    made(citus=False, full_refresh=True)
    assert calls(conn) == []
    assert "contract_key" in primary_key(conn, f"{BUILDING}.fct_receivable_month")


def test_a_primary_key_without_contract_gets_it(conn):
    conn.execute("create table citus_stand_in.t (payment_key bigint primary key, contract_key bigint)")
    conn.execute("alter table citus_stand_in.t owner to caudal_transform")
    source = (PROJECT / "macros" / "distribute.sql").read_text(encoding="utf-8")
    body = source[source.index("    do $body$"):source.index("end $body$;")] + "end $body$;"
    conn.execute(body.replace("{{ relation }}", "citus_stand_in.t").replace("{{ key }}", "contract_key"))
    assert primary_key(conn, "citus_stand_in.t") == ["payment_key", "contract_key"]
