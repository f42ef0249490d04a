"""Values on their way to COPY: money exact to the cent, any text whole, and what cannot be stored named."""

from __future__ import annotations

import json
from decimal import Decimal

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from sources.contract import Column
from sources.convert import Encoder

CENTS = st.integers(-(10**15) + 1, 10**15 - 1)  # below 10^13 RD$: a JSON number holds 15 digits

STORABLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def encode(kind: str, values: list) -> tuple[list[str], list]:
    """The texts of one column and the rejections."""
    encoder = Encoder([Column("id", "id", "id"), Column("v", kind, "v")], "id")
    text, good, rejections = encoder.encode([{"id": i, "v": v} for i, v in enumerate(values, 1)])
    lines = text.decode().split("\n")[:-1]
    assert len(lines) == good
    return [line.partition("\t")[2] for line in lines], rejections


@given(st.lists(CENTS, min_size=1, max_size=30))
def test_money_is_exact_from_the_wire_to_the_cent(cents: list[int]) -> None:
    amounts = [Decimal(c) / 100 for c in cents]
    sent = json.dumps([float(a) for a in amounts])
    for parse in (json.loads, orjson.loads):
        values = parse(sent)
        texts, rejections = encode("money", values)
        assert not rejections
        assert [Decimal(t) for t in texts] == amounts == [Decimal(repr(v)) for v in values]


@rules(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(STORABLE | st.sampled_from(["\\N", "\\.", "\\", "a\tb\r\nc", "\\t"]), min_size=1, max_size=40))
def test_every_text_arrives_in_postgresql_as_it_was(home, texts: list[str]) -> None:
    from caudal import warehouse

    encoder = Encoder([Column("id", "id", "id"), Column("v", "text", "v")], "id")
    data, good, _ = encoder.encode([{"id": i, "v": v} for i, v in enumerate(texts, 1)])
    with warehouse.connect() as conn:
        conn.execute("create temporary table t (id bigint, v text)")
        with conn.cursor() as cursor, cursor.copy("copy t from stdin") as copy:
            copy.write(data)
        assert good == len(texts)
        assert [r[0] for r in conn.execute("select v from t order by id")] == texts
        conn.rollback()


@pytest.mark.parametrize(("kind", "good", "stored"), [
    ("money", [0.0, 12, False, -0.1], ["0.0", "12", "\\N", "-0.1"]),
    ("boolean", [True, False, None], ["t", "f", "\\N"]),
    ("many2one", [7, False, [8, "Ocho"]], ["7", "\\N", "8"]),
    ("integer", [0, -5, False], ["0", "-5", "\\N"]),
    ("date", ["2026-02-28", False], ["2026-02-28", "\\N"]),
    ("datetime", ["2026-11-15 01:02:03", False], ["2026-11-15 01:02:03+00", "\\N"]),
    ("text", ["", False, "ñ"], ["", "\\N", "ñ"]),
])
def test_what_odoo_sends(kind: str, good: list, stored: list[str]) -> None:
    assert encode(kind, good) == (stored, [])
    assert [encode(kind, [value]) for value in good] == [([text], []) for text in stored]


@pytest.mark.parametrize(("kind", "bad"), [
    ("money", "12,50"), ("money", float("nan")), ("money", float("inf")), ("money", 1e17), ("money", True), ("money", [1]),
    ("quantity", 1e16), ("coordinate", 1000.0), ("integer", 2**63), ("integer", 1.5), ("integer", True), ("many2one", "5"), ("many2one", [5]),
    ("date", "2026-02-30"), ("date", "20260228"), ("date", 20260228), ("datetime", "2026-11-15"), ("datetime", "2026-11-15 25:00:00"),
    ("boolean", 1), ("boolean", "t"), ("text", 5), ("text", "a\x00b"), ("text", "\ud800"),
])
def test_what_cannot_be_stored_is_rejected_and_its_neighbours_are_not(kind: str, bad: object) -> None:
    fine = {"money": 1.0, "quantity": 1.0, "coordinate": 1.0, "integer": 1, "many2one": 1, "date": "2026-01-01", "datetime": "2026-01-01 00:00:00",
            "boolean": True, "text": "x"}[kind]
    texts, rejections = encode(kind, [fine, bad, fine])
    assert len(texts) == 2
    assert [(r.record_id, r.field) for r in rejections] == [("2", "v")]
    assert rejections[0].reason


def test_rows_that_are_not_rows() -> None:
    encoder = Encoder([Column("id", "id", "id"), Column("v", "text", "x_v")], "id")
    text, good, rejections = encoder.encode([{"id": 1, "x_v": "a"}, {"id": 2}, "fila", {"id": 0, "x_v": "b"}, {"id": 3, "x_v": "c"}])
    assert (text, good) == (b"1\ta\n3\tc\n", 2)
    assert [(r.record_id, r.field) for r in rejections] == [("2", "v"), (None, None), ("0", "id")]


def test_a_hostile_number_reaches_postgresql_as_a_rejection_not_an_error() -> None:
    """Numbers so small that PostgreSQL rounds them to nothing are fine; the widest that numeric(18,2) holds is the limit."""
    texts, rejections = encode("money", [1e-9, 9_999_999_999_999_998.0])
    assert not rejections
    assert psycopg.adapters is not None and all(Decimal(t).is_finite() for t in texts)
