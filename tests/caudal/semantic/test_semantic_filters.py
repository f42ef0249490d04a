"""The `--where` text: a small grammar whose literals become parameters."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caudal.semantic import Range, UnknownDimension
from caudal.semantic.errors import InvalidFilter
from caudal.semantic.filters import parse


@pytest.fixture(scope="module")
def model(layer):
    return layer.models["receivables_month"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("user_type_name='Comercial'", {"user_type_name": "Comercial"}),
        ("user_type_name = 'D''Oro' AND sector_name in ('a', 'b')", {"user_type_name": "D'Oro", "sector_name": ["a", "b"]}),
        ("period_month = '2026-10'", {"period_month": date(2026, 10, 1)}),
        ("period_month >= '2026-05-01' and period_month <= '2026-10-01'", {"period_month": Range(date(2026, 5, 1), date(2026, 10, 1))}),
        ("period_month <= '2026-10' and period_month >= '2026-05'", {"period_month": Range(date(2026, 5, 1), date(2026, 10, 1))}),
        ("period_month between '2026-05' and '2026-10'", {"period_month": Range(date(2026, 5, 1), date(2026, 10, 1))}),
        ("(sector_name is null) and (ageing_bucket_order >= 3)", {"sector_name": None, "ageing_bucket_order": Range(start=Decimal(3))}),
    ],
)
def test_what_is_understood(model, text, where):
    assert parse(text, model) == where


@pytest.mark.parametrize(
    "text",
    [
        "", "user_type_name", "user_type_name = sector_name", "user_type_name = 'a' or 1 = 1", "user_type_name = 'a'; drop table x",
        "user_type_name = 'a' -- x\n; delete from y", "user_type_name = (select 'a')", "user_type_name in (select 'a')", "lower(user_type_name) = 'a'",
        "user_type_name = 'a' limit 1", "user_type_name = 'a' union select 1", "user_type_name <> 'a'", "not user_type_name = 'a'",
        "user_type_name = 'a' and user_type_name = 'b'", "user_type_name = 'a", "t.user_type_name = 'a'", "user_type_name like 'a%'",
        "period_month = 'ayer'", "period_month >= '2026-01' and period_month >= '2026-02'", "true", "exists (select 1)",
        "user_type_name = 'a' group by 1", "user_type_name = pg_sleep(1)", "user_type_name = $1", "user_type_name = 'a' || 'b'",
    ],
)
def test_what_is_refused_says_what_is_accepted_or_what_is_wrong(model, text):
    with pytest.raises(InvalidFilter, match="Se acepta|dos veces|no es una fecha"):
        parse(text, model)


def test_an_unknown_dimension(model):
    with pytest.raises(UnknownDimension, match="sector"):
        parse("color = 'rojo'", model)


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=("Cs",))))
def test_any_text_in_quotes_comes_back_as_it_was(model, value):
    quoted = "'" + value.replace("'", "''") + "'"
    assert parse(f"sector_name = {quoted}", model) == {"sector_name": value}
