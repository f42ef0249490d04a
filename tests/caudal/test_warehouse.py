"""A warehouse that is not ours: an owner who is no superuser, whose password needs escaping, on a server that was there before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from caudal.postgres import EmbeddedPostgres

OWNER, PASSWORD = "utility", "dueño:/@x"


@pytest.fixture
def external(tmp_path: Path):
    """Environment of an installation whose warehouse is another server's database, owned by a plain role."""
    with EmbeddedPostgres(tmp_path / "elsewhere") as server:
        with psycopg.connect(server.url(dbname="postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("create role {} login createdb createrole password {}").format(sql.Identifier(OWNER), sql.Literal(PASSWORD)))
            conn.execute(sql.SQL("create database warehouse owner {}").format(sql.Identifier(OWNER)))
        url = f"postgresql://{OWNER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/warehouse"
        yield {**os.environ, "CAUDAL_HOME": str(tmp_path / "home"), "CAUDAL_WAREHOUSE_URL": url}
        server.destroy()


def caudal(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "caudal.cli", *arguments], env=env, capture_output=True, text=True, check=False)


def test_it_is_bootstrapped_twice_without_superuser_rights(external: dict[str, str]) -> None:
    for _ in range(2):
        done = caudal(external, "postgres", "start")
        assert done.returncode == 0, done.stderr
    assert not (Path(external["CAUDAL_HOME"]) / "postgres").exists()  # no server of our own beside it
    for role, may_create_in in (("load", "raw"), ("transform", "marts_next")):
        with psycopg.connect(caudal(external, "postgres", "url", "--role", role).stdout.strip()) as conn:
            assert conn.execute("select current_database(), has_schema_privilege(%s, 'create')", [may_create_in]).fetchone() == ("warehouse", True)
    with psycopg.connect(caudal(external, "postgres", "url", "--role", "read").stdout.strip()) as conn:
        assert conn.execute("select message_es from ops.data_status").fetchone() == ("Todavía no se ha publicado ningún dato.",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("create table public.x (n int)")


def test_a_silent_warehouse_is_told_without_its_password(external: dict[str, str]) -> None:
    env = {**external, "CAUDAL_WAREHOUSE_URL": external["CAUDAL_WAREHOUSE_URL"].rsplit(":", 1)[0] + ":9/warehouse"}
    done = caudal(env, "postgres", "start")
    assert done.returncode != 0
    assert "CAUDAL_WAREHOUSE_URL" in done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert quote(PASSWORD, safe="") not in done.stdout + done.stderr
