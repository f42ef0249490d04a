"""COPY text: whatever a person types comes back the same, money to the cent."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.utility import copying

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20) | st.none()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(words, min_size=1, max_size=15))
def test_text_comes_back_as_it_went(source: psycopg.Connection, texts: list[str | None]) -> None:
    source.execute("delete from res_currency")
    copying.copy_rows(source, "res_currency", {"id": [str(i) for i in range(len(texts))], "name": copying.texts(texts)})
    assert [row[0] for row in source.execute("select name from res_currency order by id").fetchall()] == texts


@given(st.integers(-10**15, 10**15))
def test_cents_are_exact(value: int) -> None:
    assert Decimal(copying.cents([value])[0]) == Decimal(value).scaleb(-2)


def test_days_moments_and_nulls() -> None:
    assert copying.days([0, 20772, -1]) == ["1970-01-01", "2026-11-15", "\\N"]
    assert copying.days([]) == copying.integers([]) == []
    assert copying.moments([1_000_001, -1]) == ["1970-01-01T00:00:01.000001", "\\N"]
    assert copying.integers([3, -1]) == ["3", "\\N"]


def test_a_column_too_many_is_refused(source: psycopg.Connection) -> None:
    with pytest.raises(ValueError, match="res_currency.*'colour'"):
        copying.copy_rows(source, "res_currency", {"id": ["1"], "colour": ["red"]})
    with pytest.raises(ValueError, match=r"lengths \[1, 2\]"):
        copying.copy_rows(source, "res_currency", {"id": ["1"], "name": ["a", "b"]})
