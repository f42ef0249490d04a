"""The stand-in's company-dependent and many2many fields: rows made on purpose, and the values Odoo 18 would give of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import odoorpc
import psycopg
import pytest
from psycopg import sql

from caudal import warehouse
from demo.odoo import schema
from demo.odoo.domain import TRUE, Scope, compile_domain
from demo.odoo.errors import InvalidValue
from demo.odoo.rows import RowWriter
from demo.odoo.schema import Model, parse_field

pytestmark = pytest.mark.stand_in

KINDS = {"account_id": "m2o:account.account!c", "label": "char!c", "fee": "monetary!c", "volume": "float!c", "flag": "boolean!c", "on": "date!c",
         "group_ids": "m2m:x.group:x_rel:thing_id:group_id"}
THING = Model("x.thing", "x_thing", {"id": parse_field("id", "integer"), **{n: parse_field(n, k) for n, k in KINDS.items()}})
GROUP = Model("x.group", "x_group", {"id": parse_field("id", "integer"), "name": parse_field("name", "char")})
TABLES = """
create temp table x_thing (id int, account_id jsonb, label jsonb, fee jsonb, volume jsonb, flag jsonb, "on" jsonb);
create temp table x_group (id int, name varchar);
create temp table x_rel (thing_id int, group_id int, primary key (thing_id, group_id));
create temp table ir_model_fields (id int, model varchar, name varchar);
create temp table ir_default (id int, field_id int, company_id int, user_id int, condition varchar, json_value varchar);
insert into x_thing values
    (1, '{"1": 7, "2": 8}', '{"1": "uno"}', '{"1": 1234.5}', '{"1": 0.25}', '{"1": true}', '{"1": "2026-02-28"}'),
    (2, '{"2": 8}', null, null, null, null, null), (3, '{"1": null}', '{"1": null}', null, null, '{"1": false}', null);
insert into x_group values (1, 'zeta'), (2, 'alfa'), (3, 'media');
insert into x_rel values (1, 1), (1, 2), (3, 3);
insert into ir_model_fields values (50, 'x.thing', 'account_id'), (51, 'x.thing', 'label'), (52, 'x.other', 'account_id');
insert into ir_default values (1, 50, null, null, null, '99'), (2, 50, 1, null, null, '77'), (3, 50, 1, 2, null, '1'), (4, 50, 1, null, 'x=1', '2'),
    (5, 51, 3, null, null, '"tres"'), (6, 52, 1, null, null, '5');
"""


@pytest.fixture
def conn(home) -> Iterator[psycopg.Connection]:
    with warehouse.connect(dbname="postgres") as connection:
        connection.execute(TABLES)
        yield connection
        connection.rollback()


def writer(company: int) -> RowWriter:
    return RowWriter({"x.thing": THING, "x.group": GROUP}.__getitem__, company=company)


def read(conn: psycopg.Connection, name: str, company: int = 1) -> list[str]:
    """The field of the three things as JSON text."""
    value = writer(company).value(THING, THING.fields[name], pairs=False)
    return [row[0] for row in conn.execute(sql.SQL("select ({})::text from x_thing as t order by id").format(value))]


def search(conn: psycopg.Connection, *domain: Any, company: int = 1) -> list[int]:
    write = writer(company)
    text, params = compile_domain(Scope(write.model_of, write.column, write.source, lambda *_: TRUE), THING, list(domain))
    return [row[0] for row in conn.execute(sql.SQL("select t.id from x_thing as t where {} order by 1").format(text), params)]


def test_the_value_of_the_company_then_its_default_then_everybodys(conn):
    assert read(conn, "account_id", company=1) == ["7", "77", "false"]  # a null that somebody entered is a value
    assert read(conn, "account_id", company=2) == ["8", "8", "99"]
    assert read(conn, "account_id", company=3) == ["99", "99", "99"]
    assert read(conn, "label", company=1) == ['"uno"', "false", "false"]
    assert read(conn, "label", company=3) == ['"tres"', '"tres"', '"tres"']


@pytest.mark.parametrize(("name", "values"), [
    ("fee", ["1234.50", "0.0", "0.0"]), ("volume", ["0.250", "0.0", "0.0"]), ("flag", ["true", "false", "false"]),
    ("on", ['"2026-02-28"', "false", "false"]),
])
def test_every_kind_keeps_its_type_on_the_wire(conn, name: str, values: list[str]):
    assert read(conn, name) == values


def test_domains_see_the_companys_value(conn):
    assert search(conn, ["account_id", "=", 77]) == [2] and search(conn, ["account_id", "=", 77], company=2) == []
    assert search(conn, ["account_id", "in", [7, 77]]) == [1, 2] and search(conn, ["account_id", "=", False]) == [3]
    assert search(conn, ["fee", ">", 1234.4]) == [1] and search(conn, ["on", "=", date(2026, 2, 28).isoformat()]) == [1]
    assert search(conn, ["label", "ilike", "TR"], company=3) == [1, 2, 3]


def test_a_many2many_is_in_the_other_models_order_and_never_empty_text(conn, monkeypatch):
    assert read(conn, "group_ids") == ["[1,2]", "[]", "[3]"]
    monkeypatch.setitem(schema.ORDER, "x.group", "name")
    assert read(conn, "group_ids") == ["[2,1]", "[]", "[3]"]
    monkeypatch.setitem(schema.ORDER, "x.group", "name desc, id")
    assert read(conn, "group_ids") == ["[1,2]", "[]", "[3]"]


def test_domains_on_a_many2many(conn):
    assert search(conn, ["group_ids", "in", [2, 3]]) == [1, 3] and search(conn, ["group_ids", "not in", [2]]) == [2, 3]
    assert search(conn, ["group_ids", "in", [2, False]]) == [1, 2] and search(conn, ["group_ids", "=", False]) == [2]
    assert search(conn, ["group_ids", "!=", False]) == [1, 3] and search(conn, "!", ["group_ids", "=", 1]) == [2, 3]
    for leaf in (["group_ids", "ilike", "alfa"], ["group_ids", ">", 1]):
        with pytest.raises(InvalidValue, match="group_ids"):
            search(conn, leaf)


def test_a_many2many_is_no_column(conn):
    with pytest.raises(InvalidValue, match="Cannot convert x.thing.group_ids to SQL"):
        writer(1).column(THING, THING.fields["group_ids"])


# ---------- over the wire, by the companies of the call

def concepts(odoo: odoorpc.ODOO, **context: Any) -> dict[str, int | bool]:
    rows = odoo.execute_kw("product.product", "search_read", [[], ["default_code", "property_account_income_id"]], {"load": None, "context": context})
    return {row["default_code"]: row["property_account_income_id"] for row in rows}


def test_the_route_of_concepts_by_company(tiny_source, odoo):
    with psycopg.connect(tiny_source.dsn) as conn:
        account = dict(conn.execute("select code, id from account_account").fetchall())
    ours = concepts(odoo)
    assert ours == {"AGUA": account["41010100"], "ALCA": account["41010200"], "OTRO": account["41010300"], "MORA": account["41020100"],
                    "RECO": account["41010400"]}
    with tiny_source.knobs.set(companies=[1, 2]):
        assert concepts(odoo) == ours
        assert concepts(odoo, allowed_company_ids=[2, 1]) == dict.fromkeys(ours, account["41010100"])
    (pair,) = odoo.execute_kw("product.product", "search_read", [[["default_code", "=", "OTRO"]], ["property_account_income_id"]])
    assert pair["property_account_income_id"][0] == account["41010300"] and pair["property_account_income_id"][1].startswith("41010300 ")


def test_sorting_by_a_many2many_is_refused(odoo):
    with pytest.raises(odoorpc.error.RPCError, match="Cannot convert res.users.groups_id"):
        odoo.execute_kw("res.users", "search", [[]], {"order": "groups_id"})


def test_content_of_attachments_is_not_served(odoo):
    fields = odoo.execute_kw("ir.attachment", "fields_get", [], {})
    assert {"name", "checksum"} <= set(fields) and not {"datas", "db_datas", "raw"} & set(fields)
