"""The block tariff: exact cents, and more water never costs less."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.utility.catalogue import catalogue
from demo.utility.network import USER_TYPES
from demo.utility.tariff import factor_on, share_of, tariff

user_types = st.sampled_from(USER_TYPES)
months = st.dates(date(2023, 1, 1), date(2026, 11, 1)).map(lambda d: d.replace(day=1))
volumes = st.integers(0, 100_000)


@given(user_types, months, volumes)
def test_the_charge_is_the_sum_of_its_blocks_in_exact_cents(user_type: str, month: date, m3: int) -> None:
    spec, left, lower, expected = catalogue()["user_types"][user_type], m3, 0, Decimal(0)
    for limit, price in spec["blocks"]:
        take = left if limit is None else min(left, limit - lower)
        expected += take * (Decimal(str(price)) * factor_on(month)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        left, lower = left - take, limit or lower
    sheet = tariff(user_type, month)
    assert Decimal(int(sheet.charge(m3))).scaleb(-2) == expected
    assert int(sheet.split(m3).sum()) == m3


@given(user_types, months, volumes, st.integers(1, 5_000))
def test_more_water_never_costs_less(user_type: str, month: date, m3: int, more: int) -> None:
    sheet = tariff(user_type, month)
    assert sheet.charge(m3 + more) > sheet.charge(m3)
    assert sheet.charge(sheet.billed_m3(m3 + more)) >= sheet.charge(sheet.billed_m3(m3))


@given(user_types, months, st.lists(volumes, min_size=1, max_size=20))
def test_many_at_once_are_as_one_by_one(user_type: str, month: date, m3: list[int]) -> None:
    sheet = tariff(user_type, month)
    assert sheet.charge(np.array(m3)).tolist() == [int(sheet.charge(v)) for v in m3]


@given(st.integers(0, 10**12), st.integers(0, 1000))
def test_shares_round_half_a_cent_up(cents: int, per_thousand: int) -> None:
    exact = (Decimal(cents) * per_thousand / 1000).quantize(Decimal(1), ROUND_HALF_UP)
    assert share_of(cents, per_thousand) == int(exact)


@pytest.mark.parametrize(("month", "factor"), [(date(2024, 10, 1), "1.0"), (date(2024, 11, 1), "1.08"), (date(2026, 1, 1), "1.15")])
def test_sheets_change_with_their_month(month: date, factor: str) -> None:
    assert factor_on(month) == Decimal(factor)
