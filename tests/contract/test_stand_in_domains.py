"""The stand-in's domains against Odoo's semantics written down in Python: random domains over rows with and without values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from caudal import warehouse
from demo.odoo.domain import TRUE, Scope, compile_domain
from demo.odoo.rows import RowWriter
from demo.odoo.schema import Model, parse_field

pytestmark = pytest.mark.stand_in

FIELDS = {"id": "integer", "code": "char", "amount": "monetary", "flag": "boolean", "on": "date"}
MODEL = Model("x.thing", "thing", {n: parse_field(n, t) for n, t in FIELDS.items()})
CHOICES: dict[str, list[Any]] = {"code": [None, "", "a", "A", "ab"], "amount": [None, -1.5, 0.0, 2.25], "flag": [None, False, True],
                                 "on": [None, "2026-01-31", "2026-02-01"]}
ROWS = [{"id": i, "code": CHOICES["code"][i % 5], "amount": CHOICES["amount"][i % 4], "flag": CHOICES["flag"][i % 3], "on": CHOICES["on"][i // 2 % 3]}
        for i in range(60)]


def holds(row: dict[str, Any], leaf: tuple[str, str, Any]) -> bool:
    """What a leaf means in Odoo, value by value."""
    name, operator, right = leaf
    value = row[name]
    if name == "flag":
        value = bool(value)
        right = [bool(v) for v in right] if isinstance(right, list) else bool(right)
    elif isinstance(right, list):
        right = [None if v is False else v for v in right]
    elif right is False:
        right = None
    if operator in ("=", "in"):
        return value in right if isinstance(right, list) else value == right
    if operator in ("!=", "not in"):
        return value not in right if isinstance(right, list) else value != right
    if operator == "ilike":
        return value is not None and right.lower() in value.lower()
    if value is None or right is None:
        return False
    return {"<": value < right, "<=": value <= right, ">": value > right, ">=": value >= right}[operator]


def leaves() -> st.SearchStrategy[tuple[str, str, Any]]:
    def of(name: str) -> st.SearchStrategy[tuple[str, str, Any]]:
        value = st.sampled_from([False if v is None else v for v in CHOICES[name]])
        kinds = [st.tuples(st.just(name), st.sampled_from(["=", "!="]), value),
                 st.tuples(st.just(name), st.sampled_from(["in", "not in"]), st.lists(value, max_size=3))]
        if name in ("amount", "on"):
            given_ = st.sampled_from([v for v in CHOICES[name] if v is not None])
            kinds.append(st.tuples(st.just(name), st.sampled_from(["<", "<=", ">", ">="]), given_))
        if name == "code":
            kinds.append(st.tuples(st.just(name), st.just("ilike"), st.sampled_from(["a", "B"])))
        return st.one_of(kinds)

    return st.sampled_from(list(CHOICES)).flatmap(of)


Tree = Any  # a leaf, ("!", tree), or ("&"|"|", tree, tree)
trees = st.recursive(leaves(), lambda inner: st.one_of(
    st.tuples(st.just("!"), inner), st.tuples(st.sampled_from("&|"), inner, inner)), max_leaves=6)


def prefix(tree: Tree) -> list[Any]:
    """The tree as an Odoo domain."""
    if tree[0] in ("!", "&", "|"):
        return [tree[0], *(token for branch in tree[1:] for token in prefix(branch))]
    return [list(tree)]


def means(tree: Tree, row: dict[str, Any]) -> bool:
    if tree[0] == "!":
        return not means(tree[1], row)
    if tree[0] in ("&", "|"):
        return (all if tree[0] == "&" else any)(means(branch, row) for branch in tree[1:])
    return holds(row, tree)


@pytest.fixture(scope="module")
def things(home) -> Iterator[psycopg.Connection]:
    with warehouse.connect() as conn:
        conn.execute('create temporary table thing (id bigint, code varchar, amount numeric(18, 2), flag boolean, "on" date)')
        with conn.cursor() as cursor:
            cursor.executemany('insert into thing values (%(id)s, %(code)s, %(amount)s, %(flag)s, %(on)s)', ROWS)
        yield conn
        conn.rollback()


@given(st.lists(trees, max_size=3))
@settings(max_examples=250, deadline=None)
def test_a_domain_finds_what_odoo_would(things, branches):
    writer = RowWriter(lambda name: MODEL)
    scope = Scope(lambda name: MODEL, writer.column, writer.source, lambda model, alias: TRUE)
    domain = [token for branch in branches for token in prefix(branch)]
    condition, params = compile_domain(scope, MODEL, domain)
    query = sql.SQL("select t.id from thing as t where {} order by 1").format(condition)
    found = [row[0] for row in things.execute(query, params)]
    assert found == [row["id"] for row in ROWS if all(means(branch, row) for branch in branches)]
