"""When a figure is out of bounds: in both directions, at the boundary, and never milder for a worse figure."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alerts.thresholds import consistent, level

amounts = st.decimals(min_value=-10**12, max_value=10**12, allow_nan=False, allow_infinity=False, places=6)
RANK = {None: 0, "warn": 1, "critical": 2}


@pytest.mark.parametrize(("value", "expected"), [("0.86", None), ("0.85", None), ("0.849999", "warn"), ("0.75", "warn"), ("0.749999", "critical"), ("0", "critical")])
def test_up_is_better(value, expected):
    assert level(Decimal(value), Decimal("0.85"), Decimal("0.75"), "up") == expected


@pytest.mark.parametrize(("value", "expected"), [("0.39", None), ("0.40", None), ("0.400001", "warn"), ("0.70", "warn"), ("0.700001", "critical"), ("3", "critical")])
def test_down_is_better(value, expected):
    assert level(Decimal(value), Decimal("0.40"), Decimal("0.70"), "down") == expected


@given(amounts, amounts, amounts)
def test_the_two_directions_mirror_each_other(value, warn, critical):
    assert level(value, warn, critical, "up") == level(-value, -warn, -critical, "down")


@given(amounts, amounts, amounts, amounts, st.sampled_from(["up", "down"]))
def test_a_worse_figure_is_never_milder(a, b, warn, critical, direction):
    assume(consistent(warn, critical, direction))
    worse, better = (min(a, b), max(a, b)) if direction == "up" else (max(a, b), min(a, b))
    assert RANK[level(worse, warn, critical, direction)] >= RANK[level(better, warn, critical, direction)]


@given(amounts, st.sampled_from(["up", "down"]))
def test_exactly_at_the_bound_is_within_it(bound, direction):
    assert level(bound, bound, bound, direction) is None


@given(amounts, amounts, st.sampled_from(["up", "down"]))
def test_with_one_bound_only_its_level_can_come(value, bound, direction):
    assert level(value, bound, None, direction) in (None, "warn")
    assert level(value, None, bound, direction) in (None, "critical")
    assert (level(value, bound, None, direction) is None) == (level(value, None, bound, direction) is None)
    assert level(value, None, None, direction) is None
