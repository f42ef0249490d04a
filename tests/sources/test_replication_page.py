"""What a page tells before it is parsed, against what it is."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.contract import SourceError
from sources.odoo.page import BARE, ENVELOPE, Page, glance

TRICKY = ['{"id": 7}', '"id":', '{"id":', '\\{"id":9,', "]}", '","result":[{"id":1}]']


def body(rows: list[dict], compact: bool, bare: bool) -> bytes:
    """An answer as Odoo (json.dumps) or the stand-in (orjson) writes it, over JSON-RPC or (bare) JSON-2."""
    answer = rows if bare else {"jsonrpc": "2.0", "id": 123456, "result": rows}
    return orjson.dumps(answer) if compact else json.dumps(answer).encode()


VALUES = st.fixed_dictionaries({
    "name": st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=["Cs"])),
    "amount": st.floats(allow_nan=False, allow_infinity=False), "partner_id": st.booleans()})


@given(st.lists(VALUES, max_size=8), st.booleans(), st.booleans())
def test_count_and_last_id_are_those_of_the_rows(values: list[dict], compact: bool, bare: bool) -> None:
    rows = [{"id": 10 * n, **value} for n, value in enumerate(values, 1)]
    page = glance(body(rows, compact, bare), BARE if bare else ENVELOPE)
    assert page is not None
    assert (len(page), page.last_id) == (len(rows), 10 * len(rows))
    assert page.rows == rows


@pytest.mark.parametrize("answer", [
    b'{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "x"}}}',
    b'{"jsonrpc": "2.0", "id": 1, "result": 5}', b'{"jsonrpc": "2.0", "id": 1, "result": [1, 2, 3]}', b'{"jsonrpc": "2.0", "id": 1, "result": false}',
    b"<html>502</html>", b"", b'{"result": [{"id": 1}], "jsonrpc": "2.0", "id": 1}', b'{"jsonrpc": "2.0", "id": 1, "result": [{"id": 1}, {"id"',
    b'{"jsonrpc": "2.0", "id": 1, "result": [{"id": "uno"}]}',
])
def test_what_is_no_page_is_left_to_the_parser(answer: bytes) -> None:
    assert glance(answer) is None


@pytest.mark.parametrize("answer", [
    b'{"name": "builtins.ValueError", "message": "x", "arguments": [], "context": {}, "debug": ""}', b"[1, 2, 3]", b"5", b"", b'[{"id": 1}, {"id"',
    b'[{"id": "uno"}]', b'{"jsonrpc": "2.0", "id": 1, "result": [{"id": 1}]}',
])
def test_what_is_no_bare_page_is_left_to_the_parser(answer: bytes) -> None:
    assert glance(answer, BARE) is None


@pytest.mark.parametrize("answer", [
    b'{"jsonrpc": "2.0", "id": 1, "result": [{"id": 1, "x": {"id": 2}}]}', b'{"jsonrpc": "2.0", "id": 1, "result": [{"id": 1, x}]}',
])
def test_a_page_that_is_not_what_it_looked_like_is_an_error(answer: bytes) -> None:
    page = glance(answer)
    assert isinstance(page, Page)
    with pytest.raises(SourceError, match="no se puede interpretar"):
        _ = page.rows
