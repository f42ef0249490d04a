"""What the mapping says of reconciliation, and both of Odoo's answers to a question of sums."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sources.contract import Column, Entity, MappingError, Tally
from sources.odoo import mapping
from sources.odoo.grouping import Question

SITE = """
site: demo
common: {id: id}
entities:
  payment:
    model: account.payment
    amount: amount
    reconcile: %s
    columns: {paid_on: date, paid_at: datetime, amount: money, state: {type: text, field: x_state}, lost: {type: date, absent: true}}
    change: null
"""


def written(tmp_path: Path, reconcile: str) -> Path:
    path = tmp_path / "site.yml"
    path.write_text(SITE % reconcile, encoding="utf-8")
    return path


def test_day_and_state_come_from_the_mapping(tmp_path: Path) -> None:
    [entity] = mapping.load(written(tmp_path, "{date: paid_on, state: state}"))
    assert (entity.day, entity.state) == ("paid_on", "state")


@pytest.mark.parametrize("reconcile", ["{date: paid_at}", "{date: nothing}", "{date: lost}", "{state: paid_on}", "{day: paid_on}", "{}"])
def test_a_wrong_column_is_told_with_its_line(tmp_path: Path, reconcile: str) -> None:
    with pytest.raises(MappingError, match=r"site\.yml:8: "):
        mapping.load(written(tmp_path, reconcile))


def test_every_money_entity_of_the_demo_that_has_a_date_is_compared_by_day() -> None:
    entities = mapping.load(mapping.path_of("demo"))
    assert {e.name for e in entities if e.amount and not e.day and any(c.type == "date" for c in e.columns)} == set()
    assert {"account_move", "account_move_line", "account_payment"} <= {e.name for e in entities if e.day and e.state}


ENTITY = Entity("payment", "account.payment", (Column("id", "id", "id"), Column("paid_on", "date", "date"), Column("state", "text", "x_state"),
                                               Column("amount", "money", "amount")), amount="amount", day="paid_on", state="state")
EXPECTED = [Tally(date(2026, 11, 15), "paid", 2, Decimal("10.10"), 7), Tally(None, None, 1, Decimal("0.00"), 3)]


def test_the_answers_of_both_methods_mean_the_same() -> None:
    asked = Question.of(ENTITY, amount_is_stored=True)
    assert asked.read_group()["groupby"] == asked.formatted_read_group()["groupby"] == ["date:day", "x_state"]
    old = [{"date:day": "15 nov. 2026", "x_state": "paid", "__count": 2, "amount": 10.100000000000001, "max_id": 7,
            "__range": {"date:day": {"from": "2026-11-15", "to": "2026-11-16"}}},
           {"date:day": False, "x_state": False, "__count": 1, "amount": 0.0, "max_id": 3, "__range": {"date:day": False}}]
    new = [{"date:day": ["2026-11-15", "15 nov. 2026"], "x_state": "paid", "__count": 2, "amount:sum": 10.1, "id:max": 7},
           {"date:day": False, "x_state": False, "__count": 1, "amount:sum": False, "id:max": 3}]
    assert list(asked.answer(old, formatted=False)) == EXPECTED
    assert list(asked.answer(new, formatted=True)) == EXPECTED


def test_without_groups_an_empty_table_is_no_group() -> None:
    plain = Question.of(Entity("sector", "water.sector", (Column("id", "id", "id"),)), amount_is_stored=True)
    assert list(plain.answer([{"__count": 0, "max_id": None}], formatted=False)) == []
    assert list(plain.answer([{"__count": 4, "max_id": 9}], formatted=False)) == [Tally(None, None, 4, None, 9)]


def test_an_amount_that_odoo_does_not_store_is_not_asked_for() -> None:
    asked = Question.of(ENTITY, amount_is_stored=False)
    assert asked.read_group()["fields"] == ["max_id:max(id)"]
