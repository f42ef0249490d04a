"""Fields that are not plain columns, and Odoo's own description of its fields. Runs against the stand-in, or unchanged against a real Odoo 18 or 19."""

from __future__ import annotations

from typing import Any

import odoorpc
import pytest

ALL = {"active_test": False}


def call(odoo: odoorpc.ODOO, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
    return odoo.execute_kw(model, method, list(args), kwargs)


def described(odoo: odoorpc.ODOO, model: str, *names: str) -> dict[str, dict[str, Any]]:
    """ir.model.fields of some fields, by name."""
    rows = call(odoo, "ir.model.fields", "search_read", [["model", "=", model], ["name", "in", names]],
                ["name", "model", "model_id", "ttype", "relation", "store", "translate", "company_dependent", "relation_table"], load=None)
    return {row["name"]: row for row in rows}


@pytest.fixture(scope="module")
def account(odoo: odoorpc.ODOO) -> odoorpc.ODOO:
    if "account.move" not in odoo.env:
        pytest.skip("account is not installed on this Odoo")
    return odoo


# ---------- ir.model.fields

def test_fields_are_described_as_records(odoo):
    found = described(odoo, "res.partner", "name", "company_id", "display_name", "create_date")
    assert {name: row["ttype"] for name, row in found.items()} == {
        "name": "char", "company_id": "many2one", "display_name": "char", "create_date": "datetime"}
    assert (found["company_id"]["relation"], found["name"]["relation"]) == ("res.company", False)
    assert (found["name"]["store"], found["display_name"]["store"]) == (True, False)
    assert all(row["model"] == "res.partner" and type(row["model_id"]) is int for row in found.values())


def test_the_description_agrees_with_fields_get(odoo):
    fields = call(odoo, "res.users", "fields_get", attributes=["type"])
    rows = call(odoo, "ir.model.fields", "search_read", [["model", "=", "res.users"], ["name", "in", list(fields)]], ["name", "ttype"])
    assert {row["name"]: row["ttype"] for row in rows} == {name: info["type"] for name, info in fields.items()}


def test_the_description_tells_jsonb_columns(account):
    assert described(account, "account.journal", "name", "code") == {
        name: {**row, "translate": name == "name", "company_dependent": False} for name, row in described(account, "account.journal", "name", "code").items()}
    assert described(account, "res.partner", "property_account_receivable_id")["property_account_receivable_id"]["company_dependent"] is True


def test_the_rows_of_the_description_have_no_dates(odoo):
    (row,) = call(odoo, "ir.model.fields", "search_read", [["model", "=", "res.partner"], ["name", "=", "name"]], ["write_date", "create_date"])
    assert row["write_date"] is False and row["create_date"] is False  # Odoo writes them in SQL: no increment can rely on them


def test_choices_are_described_as_records(account):
    (field,) = call(account, "ir.model.fields", "search", [["model", "=", "account.move"], ["name", "=", "state"]])
    rows = call(account, "ir.model.fields.selection", "search_read", [["field_id", "=", field]], ["value", "name"])
    choices = call(account, "account.move", "fields_get", ["state"], attributes=["selection"])["state"]["selection"]
    assert [[row["value"], row["name"]] for row in rows] == choices


# ---------- many2many

@pytest.fixture(scope="module")
def groups(odoo: odoorpc.ODOO) -> str:
    """The groups of a user: Odoo 19 gave the field another name."""
    return next(iter(call(odoo, "res.users", "fields_get", ["groups_id", "group_ids"], attributes=["type"])))


def test_a_many2many_is_a_list_of_ids(odoo, groups):
    (user,) = call(odoo, "res.users", "read", [odoo.env.uid], [groups])
    assert user[groups] and all(type(group) is int for group in user[groups])
    (bare,) = call(odoo, "res.users", "search_read", [["id", "=", odoo.env.uid]], [groups], load=None)
    assert bare == user
    info = call(odoo, "res.users", "fields_get", [groups], attributes=["type", "relation", "store"])[groups]
    assert info == {"type": "many2many", "relation": "res.groups", "store": True}
    assert described(odoo, "res.users", groups)[groups]["relation_table"] == "res_groups_users_rel"


def test_a_many2many_comes_in_the_order_of_the_other_model(odoo, groups):
    users = call(odoo, "res.users", "search_read", [], [groups], context=ALL)
    order = call(odoo, "res.groups", "search", [])
    assert all(user[groups] == [group for group in order if group in user[groups]] for user in users)


def test_domains_on_a_many2many(odoo, groups):
    users = {u["id"]: set(u[groups]) for u in call(odoo, "res.users", "search_read", [], [groups], context=ALL)}
    one, other = sorted(set.union(*users.values()))[:2]

    def found(*leaf: Any) -> set[int]:
        return set(call(odoo, "res.users", "search", [list(leaf)], context=ALL))

    assert found(groups, "in", [one, other]) == {u for u, mine in users.items() if mine & {one, other}}
    assert found(groups, "=", other) == {u for u, mine in users.items() if other in mine}
    assert found(groups, "not in", [other]) == {u for u, mine in users.items() if other not in mine}
    assert found(groups, "=", False) == {u for u, mine in users.items() if not mine}
    assert found(groups, "!=", False) == {u for u, mine in users.items() if mine}


# ---------- company-dependent

def test_a_company_dependent_field_is_a_plain_value_on_the_wire(account):
    name = "property_account_receivable_id"
    info = call(account, "res.partner", "fields_get", [name], attributes=["type", "relation", "company_dependent", "store"])[name]
    assert info == {"type": "many2one", "relation": "account.account", "company_dependent": True, "store": True}
    rows = call(account, "res.partner", "search_read", [[name, "!=", False]], [name], limit=20, order="id", load=None)
    assert rows and all(type(row[name]) is int for row in rows)
    found = call(account, "res.partner", "search", [[name, "=", rows[0][name]], ["id", "in", [row["id"] for row in rows]]], order="id")
    assert found == [row["id"] for row in rows if row[name] == rows[0][name]]


# ---------- the trail of changes

def test_a_message_refers_to_a_record_by_its_bare_id(account):
    if "mail.message" not in account.env:
        pytest.skip("mail is not installed on this Odoo")
    info = call(account, "mail.message", "fields_get", ["res_id", "model", "body"], attributes=["type"])
    assert info == {"res_id": {"type": "many2one_reference"}, "model": {"type": "char"}, "body": {"type": "html"}}
    rows = call(account, "mail.message", "search_read", [["res_id", "!=", False], ["model", "!=", False]], ["res_id", "model"], limit=20)
    assert rows and all(type(row["res_id"]) is int and type(row["model"]) is str for row in rows)


def test_attachments_have_metadata_without_content(odoo):
    domain = [["res_model", "=", "res.partner"], ["res_field", "=", False]]
    rows = call(odoo, "ir.attachment", "search_read", domain, ["name", "mimetype", "file_size", "checksum", "res_id"], limit=20)
    assert rows and all(type(row["file_size"]) is int and len(row["checksum"]) == 40 and type(row["res_id"]) is int for row in rows)
