"""A transaction that commits after others which began later: nothing of it is missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from sources import replicate
from sources.odoo import mapping, sql_late
from tests.sources.by_sql import by_sql, connected

CLAIM = mapping.select(mapping.load(mapping.path_of("demo")), ["claim"])[0]
INSERT = """insert into water_claim (contract_id, kind, state, opened_at, founded, create_date, write_date)
            select contract_id, kind, state, opened_at, founded, now() at time zone 'UTC', now() at time zone 'UTC' from water_claim order by id limit 1
            returning id"""
TOUCH = "update water_claim set state = 'closed', kind = %s, write_date = now() at time zone 'UTC' where id = %s"


@pytest.fixture
def bare(lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """By SQL, with no margin that could hide a mistake."""
    monkeypatch.setattr(replicate, "CLOCK_MARGIN", timedelta(0))
    monkeypatch.setattr(sql_late, "MARGIN", timedelta(0))
    with by_sql(lab.source_dsn):
        yield lab


def committed(lab, kind: str, key: int) -> None:
    """Someone else's change, begun and committed now."""
    lab.source(TOUCH, [kind, key])


def test_what_stays_open_across_two_runs_comes_in_the_third(bare) -> None:
    first, second, third = (row[0] for row in bare.source("select id from water_claim order by id limit 3"))
    bare.one("claim")
    with psycopg.connect(bare.source_dsn) as late:
        new = late.execute(INSERT).fetchone()[0]
        late.execute(TOUCH, ["tardia", first])
        for kind, key in (("otra", second), ("otra mas", third)):
            committed(bare, kind, key)
            result = bare.one("claim")
            assert result.updated == 1 and result.inserted == 0
        late.commit()
    result = bare.one("claim")
    assert (result.mode, result.inserted, result.updated, result.reconciliation) == ("incremental", 1, 1, "ok")
    assert bare.warehouse("select kind from raw.odoo_claim where id = %s", [first]) == [("tardia",)]
    assert bare.warehouse("select count(*) from raw.odoo_claim where id = %s", [new]) == [(1,)]


def test_what_commits_while_a_run_reads_comes_in_the_next(bare) -> None:
    key = bare.source("select max(id) from water_claim")[0][0]
    with connected(bare.source_dsn) as transport:
        with psycopg.connect(bare.source_dsn) as late:
            began = late.execute("select now()").fetchone()[0]
            late.execute(TOUCH, ["durante", key])
            committed(bare, "despues", key - 1)
            resume = transport.resume_from(CLAIM)
            late.commit()
        assert resume == began
        shown = b"".join(batch.text for stream in transport.changes(CLAIM, resume) for batch in stream)
        assert b"despues" in shown and b"durante" not in shown
        transport.release(CLAIM)
        assert b"durante" in b"".join(batch.text for stream in transport.changes(CLAIM, resume) for batch in stream)


def test_with_nothing_open_the_next_run_begins_at_the_latest_change(bare) -> None:
    committed(bare, "ultima", 1)
    with connected(bare.source_dsn) as transport:
        assert transport.resume_from(CLAIM) == bare.source("select max(write_date)::timestamptz from water_claim")[0][0]
        assert transport.warnings(CLAIM) == []


def test_a_session_that_only_reads_counts_too_and_our_own_do_not(bare) -> None:
    committed(bare, "reciente", 1)
    latest = bare.source("select max(write_date)::timestamptz from water_claim")[0][0]
    with connected(bare.source_dsn) as transport, connected(bare.source_dsn) as other:
        other.resume_from(CLAIM)  # holds a snapshot open, as another entity does meanwhile
        committed(bare, "mas reciente", 1)
        assert transport.resume_from(CLAIM) > latest
    with psycopg.connect(bare.source_dsn) as reader, connected(bare.source_dsn) as transport:
        began = reader.execute("select now()").fetchone()[0]
        committed(bare, "reciente de nuevo", 1)
        assert transport.resume_from(CLAIM) == began  # it may still write
