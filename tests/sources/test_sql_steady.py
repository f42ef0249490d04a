"""The source is not counted while its own server says that nothing was deleted, nor inserted that we lack; a deletion is found all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sources import loader
from tests.sources.by_sql import by_sql

FLUSHED = "; select pg_stat_force_next_flush()"  # the server writes its counts at the end of this transaction, not within the minute


@pytest.fixture
def dear(lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The laboratory by SQL, every table of it too large to be counted at each run; readings belong to no company, so that all are shown."""
    monkeypatch.setattr(loader, "COUNT_UPTO", 0)
    with by_sql(lab.source_dsn):
        yield lab


def changed(lab, statement: str) -> None:
    lab.source(statement + FLUSHED)


def test_it_is_counted_again_when_rows_were_deleted_or_came_behind_our_back(dear) -> None:
    entity, table = "reading", "water_reading"
    assert dear.one(entity).reconciliation == "ok"  # nobody knew what the server had counted before
    assert dear.one(entity).reconciliation == "steady"

    newest = f"(select max(write_date) from {table})"
    changed(dear, f"update {table} set incident = 'dog', write_date = {newest} + interval '1 minute' where id = 10")
    updated = dear.one(entity)
    assert (updated.updated, updated.reconciliation) == (1, "steady")

    copied = "contract_id, meter_id, route_id, billing_period, read_at, previous_value, value, consumption_m3, kind, incident, reader_id"
    changed(dear, f"insert into {table} ({copied}, create_date, write_date) select {copied}, {newest}, {newest} + interval '1 minute' from {table} where id = 11")
    inserted = dear.one(entity)
    assert (inserted.inserted, inserted.reconciliation) == (1, "steady")

    changed(dear, f"delete from {table} where id = 12")
    deleted = dear.one(entity)
    assert (deleted.deleted, deleted.reconciliation) == (1, "ok")

    changed(dear, f"insert into {table} ({copied}, create_date, write_date) select {copied}, '2020-01-01', '2020-01-01' from {table} where id = 13")
    behind = dear.one(entity)  # by SQL, under an old moment: no increment asks for it, the count does
    assert behind.inserted == 1 and behind.reconciliation == "ok"
    assert dear.one(entity).reconciliation == "steady"


def test_where_rows_can_hide_without_being_deleted_it_is_always_counted(dear) -> None:
    with by_sql(dear.source_dsn, ODOO_USER=dear.server.user):  # one of two companies
        for _ in range(3):
            assert dear.one("account_move").reconciliation == "ok"
