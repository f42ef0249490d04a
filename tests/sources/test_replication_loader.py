"""The loader alone, on batches that no healthy source would send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from sources import converting, tables
from sources.contract import Column, Entity, MappingError, SourceError
from sources.converting import INLINE_BATCHES, Converting
from sources.loader import Loader
from sources.odoo.page import Page, glance
from sources.prefetch import prefetch

THING = Entity("lab_thing", "lab.thing", (
    Column("id", "id", "id"), Column("write_date", "datetime", "write_date"), Column("name", "text", "x_name"), Column("amount", "money", "amount")))
SOURCE = "odoo:lab"


@dataclass
class Batch:
    rows: list[dict]


def rows(*ids: int, name: str = "uno", moment: str = "2026-01-01 10:00:00") -> Batch:
    return Batch([{"id": i, "write_date": moment, "x_name": name, "amount": 1.5} for i in ids])


def page(values: list[dict]) -> Page:
    """The rows as they come from Odoo."""
    return glance(json.dumps({"jsonrpc": "2.0", "id": 1, "result": values}).encode())


@pytest.fixture
def conn(lab) -> Iterator[psycopg.Connection]:
    from caudal import warehouse

    with warehouse.connect("load") as conn:
        yield conn
        conn.rollback()


def load(conn: psycopg.Connection, *batches: Batch, full: bool = True) -> Loader:
    """One run of the loader, committed to the test's transaction."""
    from caudal.runlog import Run

    tables.ensure(conn, THING)
    run = Run(conn.execute("insert into ops.run (pipeline, entity) values ('replicate', 'lab_thing') returning run_id").fetchone()[0])
    loader = Loader(conn, THING, SOURCE, run, full)
    loader.begin()
    with Converting(THING) as convert:
        for batch in batches:
            loader.add(convert(batch))
    loader.note_fetched_is_present()
    loader.tombstone(accept_deletions=False)
    loader.finish(None)
    for name in ("stage", "present", "fetched"):
        conn.execute(f"drop table {name}")  # the commit would
    return loader


def names(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute("select id, name, _deleted_at is null from raw.odoo_lab_thing order by id").fetchall()


def test_a_key_given_twice_in_a_first_load_is_one_row_the_later_one(conn) -> None:
    loader = load(conn, rows(1, 2), rows(2, 3, name="dos"), rows(3, name="tres"))
    assert names(conn) == [(1, "uno", True), (2, "dos", True), (3, "tres", True)]
    assert (loader.run.rows_inserted, loader.run.rows_updated, loader.run.rows_read) == (3, 1, 5)
    assert conn.execute("""select column_default from information_schema.columns
                           where table_name = 'odoo_lab_thing' and column_default is not null""").fetchall() == []


def test_a_value_that_only_postgresql_refuses_costs_its_row_alone(conn) -> None:
    odd = rows(5, moment="2026-01-01T10:00+01").rows  # Python reads an offset there, we do not
    for full in (True, False):
        loader = load(conn, rows(1, 2), Batch([*rows(4).rows, *odd, *rows(6).rows]), full=full)
        assert [n[0] for n in names(conn)] == [1, 2, 4, 6]
        assert [r.record_id for r in loader.rejected.values()] == ["5"]
    kept = conn.execute("select record_id, payload ->> 'write_date' from ops.quarantine where entity = 'lab_thing'").fetchall()
    assert kept == [("5", "2026-01-01T10:00+01")]


def test_only_changed_rows_are_written_and_gone_ones_marked(conn) -> None:
    load(conn, rows(1, 2, 3))
    loader = load(conn, rows(1), rows(2, name="dos"))
    assert (loader.run.rows_inserted, loader.run.rows_updated, loader.run.rows_deleted) == (0, 1, 1)
    assert names(conn) == [(1, "uno", True), (2, "dos", True), (3, "uno", False)]


def test_most_of_a_table_gone_is_refused(conn) -> None:
    load(conn, rows(*range(1, 301)))
    with pytest.raises(SourceError, match="290 de 300"):
        load(conn, rows(*range(1, 11)))


def test_a_type_that_changed_in_the_mapping_is_refused(conn) -> None:
    load(conn, rows(1))
    columns = tuple(Column(c.name, "text", c.source, 9) if c.name == "amount" else c for c in THING.columns)
    other = Entity(THING.name, THING.model, columns, file="x.yml")
    with pytest.raises(MappingError, match=r"^x.yml:9: .*amount"):
        tables.ensure(conn, other)


def test_the_converting_process_says_the_same_as_the_first_batches() -> None:
    odd = page([*rows(7).rows, {"id": 8, "write_date": "ayer", "x_name": "\ud800", "amount": float("nan")}, *rows(9, name="a\tb\\").rows])
    with Converting(THING) as convert:
        answers = [convert(odd) for _ in range(INLINE_BATCHES + 2)]
        process = converting._WORKER.process
        assert process is not None and process.poll() is None
        with Converting(THING):
            pass
        assert process.poll() is None, "another entity still needs it"
    assert process.returncode is not None
    assert {(a.count, a.text, a.good) for a in answers} == {(3, answers[0].text, 2)}
    assert all([(r.record_id, r.field, r.reason) for r in a.rejections] == [("8", "write_date", answers[0].rejections[0].reason)] for a in answers)


def test_a_converting_process_that_dies_is_an_error_of_its_entity() -> None:
    with Converting(THING) as convert:
        for _ in range(INLINE_BATCHES + 1):
            convert(page(rows(1).rows))
        converting._WORKER.process.kill()
        with pytest.raises(SourceError, match="murió"):
            convert(page(rows(2).rows))
        assert convert(page(rows(3).rows)).good == 1, "the next one that asks has a new one"


def test_reading_ahead_keeps_order_and_hands_errors_over() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise SourceError("se cortó")

    got: list[int] = []
    with pytest.raises(SourceError, match="se cortó"):
        got.extend(prefetch(failing(), depth=5))
    assert got == [1, 2]
    assert sorted(prefetch(range(5), range(10, 15), depth=2)) == [*range(5), *range(10, 15)]
    endless = prefetch(iter(int, 1), depth=2)
    assert next(endless) == 0
    endless.close()  # returns: the thread behind it ends
