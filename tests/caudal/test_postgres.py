"""The embedded server: start twice, survive kill -9, loopback only, a password always."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from caudal.postgres import EmbeddedPostgres


@pytest.fixture
def server(tmp_path: Path):
    pg = EmbeddedPostgres(tmp_path)
    yield pg
    pg.destroy()


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def test_it_starts_twice_and_stops(server: EmbeddedPostgres) -> None:
    server.start()
    first = postmaster_pid(server)
    server.start()
    assert postmaster_pid(server) == first
    server.stop()
    assert not server.is_running()


def test_committed_rows_survive_kill_9(server: EmbeddedPostgres) -> None:
    server.start()
    with psycopg.connect(server.url(dbname="postgres")) as conn:
        conn.execute("create table kept as select generate_series(1, 1000) as n")
    os.kill(postmaster_pid(server), signal.SIGKILL)
    server.start()
    with psycopg.connect(server.url(dbname="postgres")) as conn:
        assert conn.execute("select count(*) from kept").fetchone() == (1000,)


def test_no_password_no_entry_and_loopback_only(server: EmbeddedPostgres) -> None:
    server.start()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://caudal:wrong@127.0.0.1:{server.port}/postgres")
    with psycopg.connect(server.url(dbname="postgres")) as conn:
        assert conn.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        assert conn.execute("select count(*) from pg_hba_file_rules where auth_method = 'trust'").fetchone() == (0,)


def test_a_killed_initdb_is_made_again(server: EmbeddedPostgres) -> None:
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("18\n")
    server.start()
    assert server.is_running()
