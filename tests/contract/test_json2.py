"""JSON-2 as it is on the wire, in Odoo 19 and later: statuses, bodies, named arguments. Runs against the stand-in, or unchanged against a real server."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.contract.transports import Source

MEMBERS = {"name", "message", "arguments", "context", "debug"}


@pytest.fixture(scope="module")
def odoo19(sources: dict[str, Source]) -> Source:
    if "19.0" not in sources or not sources["19.0"].api_key:
        pytest.skip("the server under contract is no Odoo 19, or ODOO_API_KEY is not set")
    return sources["19.0"]


def post(source: Source, path: str, body: Any = None, verb: str = "POST", **headers: str | None) -> requests.Response:
    sent = {"Authorization": f"bearer {source.api_key}", "X-Odoo-Database": source.db, "Content-Type": "application/json"}
    for name, value in headers.items():
        sent[name.replace("_", "-")] = value
    data = body if isinstance(body, bytes) else None
    return requests.request(verb, source.url.rstrip("/") + path, data=data, json=None if data is not None else body or {}, timeout=30,
                            headers={k: v for k, v in sent.items() if v is not None}, allow_redirects=False)


def refused(answer: requests.Response, status: int, name: str) -> dict[str, Any]:
    """The body of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    body = answer.json()
    assert set(body) == MEMBERS and body["name"] == name
    return body


def test_version_needs_no_key(odoo19: Source) -> None:
    for path in ("/web/version", "/json/version"):
        answer = post(odoo19, path, verb="GET", Authorization=None)
        assert answer.status_code == 200 and answer.json()["version_info"][0] >= 19 and answer.json()["version"]


def test_the_answer_is_the_bare_result(odoo19: Source) -> None:
    answer = post(odoo19, "/json/2/res.partner/search_read", {"domain": [], "fields": ["name", "company_id"], "limit": 2, "order": "id", "load": None})
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    assert [list(row) for row in answer.json()] == [["id", "name", "company_id"]] * 2
    assert post(odoo19, "/json/2/res.partner/search", {"domain": [["id", "=", 0]]}).json() == []
    assert isinstance(post(odoo19, "/json/2/res.partner/search_count", {"domain": []}).json(), int)


def test_the_user_is_the_keys(odoo19: Source) -> None:
    user = post(odoo19, "/json/2/res.users/context_get").json()
    assert {"lang", "tz", "uid"} <= set(user)
    (row,) = post(odoo19, "/json/2/res.users/read", {"ids": [user["uid"]], "fields": ["login"]}).json()
    assert row == {"id": user["uid"], "login": odoo19.user}


def test_context_is_an_argument(odoo19: Source) -> None:
    shown = post(odoo19, "/json/2/res.partner/search_count", {"domain": []}).json()
    every = post(odoo19, "/json/2/res.partner/search_count", {"domain": [], "context": {"active_test": False}}).json()
    assert every > shown


def test_ids_are_an_argument_of_methods_of_records(odoo19: Source) -> None:
    ids = post(odoo19, "/json/2/res.partner/search", {"domain": [], "limit": 3, "order": "id"}).json()
    rows = post(odoo19, "/json/2/res.partner/read", {"ids": ids[::-1], "fields": ["name"]}).json()
    assert [row["id"] for row in rows] == ids[::-1]
    assert post(odoo19, "/json/2/res.partner/exists", {"ids": [*ids, 2_000_000_000]}).json() == ids
    body = refused(post(odoo19, "/json/2/res.partner/search", {"ids": ids, "domain": []}), 422, "werkzeug.exceptions.UnprocessableEntity")
    assert body["message"] == "cannot call res.partner.search with ids"


@pytest.mark.parametrize("header", [None, "bearer 0123456789012345678901234567890123456789", "bearer x", "Basic Y2F1ZGFsOng="])
def test_no_key_or_a_wrong_one_is_401(odoo19: Source, header: str | None) -> None:
    answer = post(odoo19, "/json/2/res.partner/search_count", {"domain": []}, Authorization=header)
    refused(answer, 401, "werkzeug.exceptions.Unauthorized")
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_a_password_is_no_key(odoo19: Source) -> None:
    answer = post(odoo19, "/json/2/res.partner/search_count", {"domain": []}, Authorization=f"bearer {odoo19.password}")
    assert answer.status_code == 401 and odoo19.password not in answer.text


def test_a_key_is_a_password_over_json_rpc(odoo19: Source) -> None:
    status, body = odoo19.post("common", "login", odoo19.db, odoo19.user, odoo19.api_key)
    assert status == 200 and isinstance(body["result"], int)
    assert odoo19.post("object", "execute_kw", odoo19.db, body["result"], odoo19.api_key, "res.partner", "search_count", [[]])[1]["result"] > 0
    assert odoo19.post("common", "login", odoo19.db, odoo19.user, odoo19.api_key[::-1])[1]["result"] is False


@pytest.mark.parametrize(("path", "body", "status", "name", "message"), [
    ("no.such.model/search", {"domain": []}, 404, "werkzeug.exceptions.NotFound", "the model 'no.such.model' does not exist"),
    ("res.partner/no_such_method", {}, 404, "werkzeug.exceptions.NotFound", "no_such_method"),
    ("res.partner/_search", {"domain": []}, 403, "odoo.exceptions.AccessError", "Private methods"),
    ("res.partner/search", {}, 422, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'domain'"),
    ("res.partner/search", {"domain": [], "nonsense": 1}, 422, "werkzeug.exceptions.UnprocessableEntity", "nonsense"),
    ("res.partner/search_read", {"domain": [], "fields": ["no_such_field"]}, 500, "builtins.ValueError", "no_such_field"),
    ("res.partner/search", {"domain": [["no_such_field", "=", 1]]}, 500, "builtins.ValueError", "no_such_field"),
    ("res.partner/search", b"{not json", 400, "werkzeug.exceptions.BadRequest", "could not parse the body as json"),
    ("res.partner", {}, 404, "werkzeug.exceptions.NotFound", "Did you mean POST /json/2/<model>/<method>?"),
])
def test_refusals_have_a_status_and_odoos_name(odoo19: Source, path: str, body: Any, status: int, name: str, message: str) -> None:
    assert message in refused(post(odoo19, f"/json/2/{path}", body), status, name)["message"]


def test_only_post_is_a_call(odoo19: Source) -> None:
    refused(post(odoo19, "/json/2/res.partner/search", verb="GET"), 404, "werkzeug.exceptions.NotFound")


def test_only_json_is_a_body(odoo19: Source) -> None:
    assert post(odoo19, "/json/2/res.partner/search", b"domain=[]", Content_Type="application/x-www-form-urlencoded").status_code == 415


def test_an_unknown_database_is_404_and_no_json(odoo19: Source) -> None:
    answer = post(odoo19, "/json/2/res.partner/search_count", {"domain": []}, X_Odoo_Database="no_such_database")
    assert answer.status_code == 404 and not answer.headers["Content-Type"].startswith("application/json")


def test_one_sees_ones_own_keys_and_never_their_text(odoo19: Source) -> None:
    uid = post(odoo19, "/json/2/res.users/context_get").json()["uid"]
    answer = post(odoo19, "/json/2/res.users.apikeys/search_read", {"domain": [["user_id", "=", uid]], "load": None})
    assert answer.status_code == 200 and answer.json()
    assert {"name", "expiration_date"} <= set(answer.json()[0]) and {row["user_id"] for row in answer.json()} == {uid}
    assert odoo19.api_key not in answer.text and "pbkdf2" not in answer.text


def test_sums_by_formatted_read_group(odoo19: Source) -> None:
    asked = {"domain": [["move_type", "=", "out_invoice"], ["state", "=", "posted"]], "context": {"active_test": False}}
    if post(odoo19, "/json/2/account.move/search_count", asked).status_code == 404:
        pytest.skip("account is not installed on this Odoo")
    rows = post(odoo19, "/json/2/account.move/search_read", {**asked, "fields": ["amount_total", "invoice_date", "company_id"]}).json()
    (total,) = post(odoo19, "/json/2/account.move/formatted_read_group", {
        **asked, "groupby": [], "aggregates": ["__count", "amount_total:sum", "id:max"]}).json()
    assert (total["__count"], total["id:max"]) == (len(rows), max(r["id"] for r in rows))
    assert total["amount_total:sum"] == pytest.approx(sum(r["amount_total"] for r in rows), abs=0.005)
    groups = post(odoo19, "/json/2/account.move/formatted_read_group", {
        **asked, "groupby": ["company_id", "date:day"], "aggregates": ["__count"]}).json()
    assert sum(g["__count"] for g in groups) == len(rows)
    assert all(g["company_id"] is False or len(g["company_id"]) == 2 for g in groups)
    assert all(g["date:day"] is False or len(g["date:day"][0]) == 10 for g in groups)
    for group in groups[:3]:
        found = post(odoo19, "/json/2/account.move/search_count", {**asked, "domain": [*asked["domain"], *group["__extra_domain"]]}).json()
        assert found == group["__count"]
    assert post(odoo19, "/json/2/account.move/formatted_read_group", {
        **asked, "domain": [["id", "=", 0]], "groupby": ["company_id"], "aggregates": ["__count"]}).json() == []


@pytest.mark.stand_in
def test_18_has_none_of_it(sources: dict[str, Source]) -> None:
    old = sources["18.0"]
    assert post(old, "/json/2/res.partner/search_count", {"domain": []}).status_code == 404
    assert post(old, "/web/version", verb="GET").status_code == 404
    status, body = old.post("object", "execute_kw", old.db, 2, old.password, "res.partner", "formatted_read_group", [[], [], ["__count"]])
    assert status == 200 and body["error"]["data"]["name"] == "builtins.AttributeError"
