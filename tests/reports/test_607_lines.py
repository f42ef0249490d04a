"""A line of the 607 and back: whatever the formatter writes reads back the same, and it refuses what would corrupt a column."""

from __future__ import annotations

import string
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_607 import record

from reports.dgii_607 import layout
from reports.dgii_607.record import FieldError, format_line, parse_date, parse_line

SPEC = layout.load()
AMOUNTS = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2, allow_nan=False, allow_infinity=False)
VALUES = {
    "amount": AMOUNTS,
    "date": st.one_of(st.none(), st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))),
}
WRITABLE = string.ascii_uppercase + string.digits + ".-/"


def _value(field: layout.Field) -> st.SearchStrategy:
    if field.kind == "text":
        return st.text(WRITABLE, max_size=field.width)
    return VALUES[field.kind]


RECORDS = st.fixed_dictionaries({field.name: _value(field) for field in SPEC.fields})


@settings(max_examples=200, deadline=None)
@given(RECORDS)
def test_a_line_reads_back_as_it_was_written(values: dict) -> None:
    line = format_line(values, SPEC)
    assert line.count("|") == 22  # empty fields keep their place; no pipe at the end
    assert line.isascii() and "\n" not in line and "\r" not in line
    assert parse_line(line, SPEC) == (values, [])


@settings(max_examples=100, deadline=None)
@given(field=st.sampled_from([f for f in SPEC.fields if f.kind == "text"]), before=st.text(WRITABLE, max_size=3),
       bad=st.one_of(st.sampled_from(["|", "\r", "\n", "\t", "\0"]), st.characters(min_codepoint=127)), after=st.text(WRITABLE, max_size=3))
def test_a_character_that_shifts_or_corrupts_a_column_is_refused(field: layout.Field, before: str, bad: str, after: str) -> None:
    with pytest.raises(FieldError) as error:
        format_line(record(**{field.name: before + bad + after}), SPEC)
    assert error.value.field == field.name and error.value.fix


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "1000000000000", "NaN", "Infinity"])
def test_an_amount_that_the_field_cannot_hold_is_refused(amount: str) -> None:
    with pytest.raises(FieldError) as error:
        format_line(record(billed_amount=Decimal(amount)), SPEC)
    assert error.value.field == "billed_amount"


@settings(max_examples=100, deadline=None)
@given(st.text(string.printable, max_size=40))
def test_reading_never_fails_otherwise_than_by_saying_so(text: str) -> None:
    values, errors = parse_line(text, SPEC)
    assert errors or len(values) == 23


@pytest.mark.parametrize("text", ["20261301", "20260230", "2026-10-01", "01102026", "202610", "20261001 ", "２０２６１００１"])
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        parse_date(text, "issued_on")


@pytest.mark.parametrize("text", ["1,234.50", "-5", "1.234", ".5", "1e3", "RD$5", "1 "])
def test_an_amount_in_another_notation_is_named(text: str) -> None:
    line = format_line(record(), SPEC).replace("1234.50", text, 1)
    _, errors = parse_line(line, SPEC)
    assert [error.field for error in errors] == ["billed_amount"]


def test_a_trailing_pipe_is_named() -> None:
    values, errors = parse_line(format_line(record(), SPEC) + "|", SPEC)
    assert values == {} and "24 campos" in str(errors[0]) and "Sobra el separador" in str(errors[0])
