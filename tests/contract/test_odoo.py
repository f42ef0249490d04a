"""What the replicator relies on in any Odoo 18. Runs against the stand-in, or unchanged against a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import odoorpc
import pytest
from odoorpc.error import RPCError

ALL = {"active_test": False}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def call(odoo: odoorpc.ODOO, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
    return odoo.execute_kw(model, method, list(args), kwargs)


def refusal(odoo: odoorpc.ODOO, model: str, method: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The error envelope of a call that must fail."""
    with pytest.raises(RPCError) as caught:
        call(odoo, model, method, *args, **kwargs)
    assert caught.value.info["code"] == 200
    assert {"name", "debug", "message", "arguments"} <= set(caught.value.info["data"])
    return caught.value.info["data"]


@pytest.fixture(scope="module")
def account(odoo: odoorpc.ODOO) -> odoorpc.ODOO:
    if "account.move" not in odoo.env:
        pytest.skip("account is not installed on this Odoo")
    return odoo


# ---------- who is there, and who may come in

def test_version_is_18_or_19(server, odoo):
    assert odoo.version.startswith(("18", "19"))
    status, body = server.post("common", "version")
    assert status == 200 and body["jsonrpc"] == "2.0" and body["id"] == 7
    assert body["result"]["server_version_info"][0] in (18, 19) and body["result"]["protocol_version"] == 1


def test_log_in_gives_an_id_and_a_context(odoo):
    assert isinstance(odoo.env.uid, int) and {"lang", "tz", "uid"} <= set(odoo.env.context)
    assert odoo.env.user.id == odoo.env.uid and odoo.env.user.login


def test_log_in_refused_is_a_result_and_not_an_error(server):
    status, body = server.post("common", "login", server.db, server.user, "not the password")
    assert status == 200 and body["result"] is False
    with pytest.raises(RPCError, match="Wrong login ID or password"):
        server.connect().login(server.db, server.user, "not the password")


def test_call_with_a_wrong_password_is_access_denied_over_http_200(server, odoo):
    status, body = server.post("object", "execute_kw", server.db, odoo.env.uid, "not the password", "res.partner", "search", [[]])
    assert status == 200 and "result" not in body
    assert body["error"]["code"] == 200 and body["error"]["message"] == "Odoo Server Error"
    assert body["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"
    assert "not the password" not in str(body)


def test_password_is_in_no_error(server, odoo):
    data = refusal(odoo, "res.partner", "search_read", [], ["no_such_field"])
    assert server.password not in str(data)


# ---------- what is refused, and how

@pytest.mark.parametrize(("model", "method", "args", "name"), [
    ("res.partner", "search_read", [[], ["no_such_field"]], "builtins.ValueError"),
    ("res.partner", "search", [[["no_such_field", "=", 1]]], "builtins.ValueError"),
    ("res.partner", "search", [[["name", "resembles", "x"]]], "builtins.ValueError"),
    ("res.partner", "no_such_method", [], "builtins.AttributeError"),
    ("res.partner", "name_get", [[1]], "builtins.AttributeError"),
    ("res.partner", "_search", [[]], "odoo.exceptions.AccessError"),
    ("no.such.model", "search", [[]], "odoo.exceptions.UserError"),
])
def test_refusals_carry_the_name_of_odoos_exception(odoo, model, method, args, name):
    assert refusal(odoo, model, method, *args)["name"] == name


def test_unknown_field_is_named(odoo):
    assert "no_such_field" in refusal(odoo, "res.partner", "search_read", [], ["name", "no_such_field"])["message"]


def test_model_is_known_or_not(odoo):
    assert "res.partner" in odoo.env and "no.such.model" not in odoo.env


# ---------- what a field is

def test_fields_get_describes(odoo):
    fields = call(odoo, "res.partner", "fields_get")
    assert fields["name"]["type"] == "char" and fields["active"]["type"] == "boolean" and fields["write_date"]["type"] == "datetime"
    assert fields["company_id"]["type"] == "many2one" and fields["company_id"]["relation"] == "res.company"
    assert fields["id"]["type"] == "integer" and fields["display_name"]["store"] is False and fields["name"]["store"] is True
    assert all({"type", "string", "store", "required"} <= set(f) for f in fields.values())


def test_fields_get_of_some_fields_and_attributes(odoo):
    assert call(odoo, "res.partner", "fields_get", ["name"], attributes=["type"]) == {"name": {"type": "char"}}


def test_types_of_an_invoice(account):
    fields = call(account, "account.move", "fields_get", attributes=["type", "relation"])
    for name, kind in {"amount_total": "monetary", "invoice_date": "date", "state": "selection", "partner_id": "many2one"}.items():
        assert fields[name]["type"] == kind
    assert fields["reversed_entry_id"]["relation"] == "account.move"


# ---------- what a value is on the wire

def test_many2one_is_a_pair_or_an_id(odoo):
    domain, fields = [["partner_id", "!=", False]], ["partner_id"]
    (pair,) = call(odoo, "res.users", "search_read", domain, fields, limit=1, order="id")
    assert [type(v) for v in pair["partner_id"]] == [int, str]
    (bare,) = call(odoo, "res.users", "search_read", domain, fields, limit=1, order="id", load=None)
    assert bare == {"id": pair["id"], "partner_id": pair["partner_id"][0]}


def test_nothing_is_false(odoo):
    rows = call(odoo, "res.partner", "search_read", [["street", "=", False]], ["street", "vat"], limit=5, order="id", context=ALL)
    assert rows and all(r["street"] is False for r in rows)


def test_datetimes_are_naive_and_cut_to_the_second(odoo):
    rows = call(odoo, "res.partner", "search_read", [], ["create_date", "write_date"], limit=20, order="id")
    assert rows and all(MOMENT.fullmatch(r["write_date"]) and MOMENT.fullmatch(r["create_date"]) for r in rows)


def test_money_is_a_json_float_and_dates_are_text(account):
    rows = call(account, "account.move", "search_read", [["move_type", "=", "out_invoice"]], ["amount_total", "amount_tax", "date"], limit=50)
    assert rows and all(type(r["amount_total"]) is float and type(r["amount_tax"]) is float for r in rows)
    assert all(DAY.fullmatch(r["date"]) for r in rows)


def test_id_is_always_there_and_first(odoo):
    (row,) = call(odoo, "res.partner", "search_read", [], ["name"], limit=1)
    assert list(row) == ["id", "name"]


# ---------- which rows come

def test_archived_hide_unless_asked_for(odoo):
    shown = call(odoo, "res.partner", "search_count", [])
    every = call(odoo, "res.partner", "search_count", [], context=ALL)
    archived = call(odoo, "res.partner", "search_count", [["active", "=", False]])
    assert archived > 0 and every == shown + archived
    assert call(odoo, "res.partner", "search_count", [["active", "in", [True, False]]]) == every


def test_read_gives_archived_and_leaves_out_what_does_not_exist(odoo):
    (archived,) = call(odoo, "res.partner", "search", [["active", "=", False]], limit=1)
    (other,) = call(odoo, "res.partner", "search", [], limit=1)
    rows = call(odoo, "res.partner", "read", [archived, 2_000_000_000, other], ["active"])
    assert rows == [{"id": archived, "active": False}, {"id": other, "active": True}]


def pages(odoo: odoorpc.ODOO, model: str, size: int) -> Iterator[list[int]]:
    last = 0
    while page := call(odoo, model, "search", [["id", ">", last]], limit=size, order="id", context=ALL):
        yield page
        last = page[-1]


def test_keyset_pages_read_each_row_once(odoo):
    every = call(odoo, "res.partner", "search", [], order="id", context=ALL)
    assert every == sorted(set(every))
    size = len(every) // 7 + 1  # a few pages, whatever the size of the server
    assert [i for page in pages(odoo, "res.partner", size) for i in page] == every


def test_order_offset_and_limit(odoo):
    every = call(odoo, "res.partner", "search", [], order="id")
    assert call(odoo, "res.partner", "search", [], 2, 3, "id") == every[2:5]
    assert call(odoo, "res.partner", "search", [], order="id desc", limit=2) == every[::-1][:2]
    assert call(odoo, "res.partner", "search", [], order="id", limit=0) == every
    assert call(odoo, "res.partner", "search_count", [], limit=1) == 1
    moments = [r["write_date"] for r in call(odoo, "res.partner", "search_read", [], ["write_date"], order="write_date desc, id", limit=500)]
    assert moments == sorted(moments, reverse=True)


def test_change_moments_compare_with_more_than_is_shown(odoo):
    (row,) = call(odoo, "res.partner", "search_read", [], ["write_date"], limit=1, order="write_date desc")
    moment = datetime.fromisoformat(row["write_date"])
    window = [["write_date", ">=", str(moment)], ["write_date", "<", str(moment + timedelta(seconds=1))]]
    assert row["id"] in call(odoo, "res.partner", "search", window)
    later = call(odoo, "res.partner", "search_read", [["write_date", ">=", str(moment + timedelta(seconds=1))]], ["write_date"], context=ALL)
    assert all(r["write_date"] > row["write_date"] for r in later)


# ---------- domains

def found(odoo: odoorpc.ODOO, *domain: Any) -> set[int]:
    return set(call(odoo, "res.partner", "search", list(domain), context=ALL))


def test_domain_operators_join_as_sets(odoo):
    everyone = found(odoo)
    with_vat, companies = found(odoo, ["vat", "!=", False]), found(odoo, ["is_company", "=", True])
    assert found(odoo, ["vat", "=", False]) == everyone - with_vat
    assert found(odoo, ["is_company", "=", False]) == found(odoo, ["is_company", "!=", True]) == everyone - companies
    assert found(odoo, ["vat", "!=", False], ["is_company", "=", True]) == with_vat & companies
    assert found(odoo, "|", ["vat", "!=", False], ["is_company", "=", True]) == with_vat | companies
    assert found(odoo, "!", ["is_company", "=", True]) == everyone - companies
    assert found(odoo, "&", "!", ["vat", "!=", False], "|", ["is_company", "=", True], ["id", ">", 0]) == everyone - with_vat


def test_domain_negations_keep_what_is_empty(odoo):
    (row,) = call(odoo, "res.partner", "search_read", [["vat", "!=", False]], ["vat"], limit=1, context=ALL)
    empty, same = found(odoo, ["vat", "=", False]), found(odoo, ["vat", "=", row["vat"]])
    assert empty and row["id"] in same
    assert empty <= found(odoo, ["vat", "!=", row["vat"]]) and not same & found(odoo, ["vat", "!=", row["vat"]])
    assert found(odoo, ["vat", "not in", [row["vat"]]]) == found(odoo) - same
    assert found(odoo, ["vat", "in", [row["vat"], False]]) == same | empty
    assert found(odoo, ["vat", "not in", [row["vat"], False]]) == found(odoo) - same - empty
    assert found(odoo, ["vat", "not ilike", row["vat"]]) >= empty


def test_domain_in_nothing_and_in_ids(odoo):
    some = sorted(found(odoo))[:3]
    assert found(odoo, ["id", "in", []]) == set() and found(odoo, ["id", "not in", []]) == found(odoo)
    assert found(odoo, ["id", "in", some]) == set(some)


def test_domain_likes(odoo):
    (row,) = call(odoo, "res.partner", "search_read", [["name", "ilike", "a"]], ["name"], limit=1, order="id")
    piece = row["name"][:4]
    assert row["id"] in found(odoo, ["name", "like", piece]) & found(odoo, ["name", "ilike", piece.swapcase()])
    assert row["id"] in found(odoo, ["name", "=like", piece + "%"]) and row["id"] not in found(odoo, ["name", "not like", piece])


def test_domain_through_a_many2one(odoo):
    (user,) = call(odoo, "res.users", "read", [odoo.env.uid], ["partner_id"])
    partner, _ = user["partner_id"]
    (row,) = call(odoo, "res.partner", "read", [partner], ["name"])
    assert odoo.env.uid in call(odoo, "res.users", "search", [["partner_id.name", "=", row["name"]]])
    assert odoo.env.uid in call(odoo, "res.users", "search", [["partner_id", "=", partner]])
    assert call(odoo, "res.users", "search", [["partner_id.id", "=", 0]]) == []


# ---------- the odoorpc idioms in use

def test_recordset_api(odoo):
    partners = odoo.env["res.partner"]
    ids = partners.search([], limit=2, order="id")
    assert [p.id for p in partners.browse(ids)] == ids and partners.browse(ids[0]).name
    assert partners.with_context(active_test=False).search_count([]) > partners.search_count([])


def test_sum_by_read_group(account):
    posted = [["move_type", "=", "out_invoice"], ["state", "=", "posted"]]
    domain = [["id", "in", call(account, "account.move", "search", posted, limit=300)]]
    (total,) = call(account, "account.move", "read_group", domain, ["amount_residual:sum"], [])
    rows = call(account, "account.move", "search_read", domain, ["amount_residual"])
    assert total["__count"] == len(rows)
    assert total["amount_residual"] == pytest.approx(sum(r["amount_residual"] for r in rows), abs=0.005)


def test_read_group_by_day_tells_the_day_to_programs(account):
    """The group's own text is in the reader's language; `__range` holds the day, and False for records without one."""
    domain = [["id", "in", call(account, "account.move", "search", [["move_type", "=", "out_invoice"]], limit=300)]]
    groups = call(account, "account.move", "read_group", domain, ["max_id:max(id)", "amount_total:sum"], ["invoice_date:day", "state"], lazy=False)
    rows = call(account, "account.move", "search_read", domain, ["invoice_date", "state", "amount_total"])
    expected: dict[tuple, list] = {}
    for row in rows:
        expected.setdefault((row["invoice_date"], row["state"]), []).append(row)
    found = {(days["from"] if (days := g["__range"]["invoice_date:day"]) else False, g["state"]): g for g in groups}
    assert set(found) == set(expected) and len(expected) > 1
    for key, members in expected.items():
        assert (found[key]["__count"], found[key]["max_id"]) == (len(members), max(r["id"] for r in members))
        assert found[key]["amount_total"] == pytest.approx(sum(r["amount_total"] for r in members), abs=0.005)
