"""The stand-in alone: rows made on purpose in a source of its own, seen from SQL and over the wire, and its faults."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import odoorpc
import psycopg
import pytest
from odoorpc.error import RPCError

from caudal import warehouse
from caudal.settings import settings
from demo.odoo import schema
from demo.odoo.server import StandIn, answers
from tests.contract.odoo_server import Server

pytestmark = pytest.mark.stand_in

ROWS = """
insert into res_company (id, name) values (1, 'Agua de Moca'), (2, 'Otra empresa');
insert into res_partner (id, name, vat, active, company_id, is_company, create_date, write_date) values
    (1, 'OdooBot', null, true, null, false, '2026-01-01', '2026-01-01'),
    (2, 'Administración', null, true, 1, false, '2026-01-01', '2026-01-01'),
    (3, E'Peña "Güiro" \\\\ barra\\ttab', '00100000001', true, 1, false, '2026-03-01 10:00:00.123456', '2026-03-01 10:00:00.999999'),
    (4, 'Archivada', '', false, 1, null, '2026-03-01', '2026-03-01 10:00:01'),
    (5, 'De la otra', '130000001', true, 2, true, '2026-03-01', '2026-03-02');
insert into res_users (id, login, name, active, company_id, partner_id) values
    (1, '__system__', 'OdooBot', false, 1, 1), (2, 'admin', 'Administración', true, 1, 2), (3, 'lectora', 'Lectora', true, 2, 5);
insert into account_journal (id, name, code, type, active, company_id) values
    (1, '{"en_US": "Water Sales", "es_DO": "Ventas de agua"}', 'VEN', 'sale', true, 1), (2, '{"en_US": "Cash"}', 'CAJ', 'cash', true, 1);
insert into product_product (id, name, default_code, active) values (1, '{"en_US": "Water", "es_DO": "Agua"}', 'AGUA', true);
insert into account_move
    (id, name, move_type, state, partner_id, journal_id, date, amount_total, amount_residual, company_id, write_date, x_billed_m3) values
    (1, 'FAC/0001', 'out_invoice', 'posted', 3, 1, '2026-02-01', 1234.50, 0.10, 1, '2026-03-01 10:00:00.5', 12.345),
    (2, 'FAC/0002', 'out_invoice', 'posted', 4, 1, '2026-01-01', 100.00, null, 1, '2026-03-01 10:00:00.5', null),
    (3, 'FAC/0003', 'out_invoice', 'draft', null, null, '2026-03-01', 9999999999999999.99, 7, 1, null, 0);
"""


class Small(StandIn):
    """The stand-in over the rows above, with a client and a connection to the tables."""

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        return self.odoo.execute_kw(model, method, list(args), kwargs)

    def refusal(self, model: str, method: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        with pytest.raises(RPCError) as caught:
            self.call(model, method, *args, **kwargs)
        return caught.value.info["data"]

    @property
    def server(self) -> Server:
        return Server(self.url, self.db, self.user, self.password)


@pytest.fixture(scope="module")
def running(home) -> Iterator[Small]:
    from demo.utility import ddl

    warehouse.ensure_database("odoo_contract")
    dsn = settings().warehouse_url("owner", "odoo_contract")
    with psycopg.connect(dsn) as conn:
        ddl.create_tables(conn)
        conn.execute(ROWS)
        ddl.finish_tables(conn)
    with Small(dsn, workers=2, user="admin") as server:
        server.odoo = server.server.login()
        yield server


@pytest.fixture
def small(running: Small) -> Iterator[Small]:
    yield running
    running.knobs.reset()


# ---------- what a row looks like

def test_null_is_false_and_a_null_number_is_zero(small):
    with psycopg.connect(small.dsn) as conn:
        assert conn.execute("select amount_residual, x_billed_m3 from account_move where id = 2").fetchone() == (None, None)
    (row,) = small.call("account.move", "read", [2], ["amount_residual", "x_billed_m3", "ref", "invoice_date", "reversed_entry_id", "is_ecf_invoice"])
    assert row == {"id": 2, "amount_residual": 0.0, "x_billed_m3": 0.0, "ref": False, "invoice_date": False, "reversed_entry_id": False,
                   "is_ecf_invoice": False}
    assert type(row["amount_residual"]) is float


def test_amounts_are_the_floats_of_their_decimals(small):
    rows = small.call("account.move", "read", [1, 3], ["amount_total", "amount_residual", "x_billed_m3"])
    assert [(r["amount_total"], r["amount_residual"], r["x_billed_m3"]) for r in rows] == [(1234.5, 0.1, 12.345), (1e16, 7.0, 0.0)]


def test_text_survives(small):
    assert small.call("res.partner", "read", [3], ["name"])[0]["name"] == 'Peña "Güiro" \\ barra\ttab'
    assert small.call("res.partner", "read", [4], ["vat"])[0]["vat"] == ""


def test_moments_are_cut_on_the_wire_and_whole_in_a_domain(small):
    assert small.call("res.partner", "read", [3], ["write_date"])[0]["write_date"] == "2026-03-01 10:00:00"

    def ids(operator: str, moment: str) -> list[int]:
        domain = [["write_date", operator, moment], ["id", "in", [3, 4]]]
        return small.call("res.partner", "search", domain, order="id", context={"active_test": False})

    assert ids("=", "2026-03-01 10:00:00") == [] and ids(">", "2026-03-01 10:00:00") == [3, 4]
    assert ids(">=", "2026-03-01 10:00:00.999999") == [3, 4] and ids("<=", "2026-03-01 10:00:00") == []
    assert ids("<=", "2026-03-01") == [3, 4] and ids(">", "2026-03-01") == []  # a day means its end here, as in Odoo


def test_pairs_show_the_display_name(small):
    (row,) = small.call("account.move", "read", [1], ["partner_id", "journal_id"])
    assert row["partner_id"] == [3, 'Peña "Güiro" \\ barra\ttab'] and row["journal_id"] == [1, "Water Sales"]
    assert small.call("account.move", "read", [2], ["partner_id"])[0]["partner_id"] == [4, "Archivada"]
    assert small.call("account.move", "read", [1], ["partner_id"], load=None) == [{"id": 1, "partner_id": 3}]
    assert small.call("product.product", "read", [1], ["display_name"])[0]["display_name"] == "[AGUA] Water"


def test_the_language_of_the_context_picks_the_translation(small):
    def names(**context: Any) -> list[str]:
        return [r["name"] for r in small.call("account.journal", "search_read", [], ["name"], order="id", context=context)]

    assert names() == ["Water Sales", "Cash"] and names(lang="es_DO") == ["Ventas de agua", "Cash"] and names(lang="en_US") == ["Water Sales", "Cash"]
    assert small.call("account.journal", "search", [["name", "ilike", "agua"]], context={"lang": "es_DO"}) == [1]
    assert small.call("account.move", "read", [1], ["journal_id"], context={"lang": "es_DO"})[0]["journal_id"] == [1, "Ventas de agua"]
    assert "Invalid language code" in small.refusal("account.journal", "search", [], context={"lang": "xx_XX"})["message"]


def test_default_order_is_not_the_id(small):
    assert small.call("account.move", "search", []) == [3, 1, 2]  # date desc, as in Odoo


def test_every_model_serves_all_its_fields(small):
    for name, model in schema.models().items():
        fields = small.call(name, "fields_get", attributes=["type", "store"])
        assert set(fields) == set(model.fields), name
        for row in small.call(name, "search_read", [], context={"active_test": False}):
            assert set(row) == set(fields), name


def test_password_hashes_are_not_served(small):
    assert "password" not in small.call("res.users", "fields_get")
    assert small.refusal("res.users", "read", [2], ["password"])["name"] == "builtins.ValueError"


def test_it_only_reads(small):
    for method, args in {"create": [{"name": "x"}], "write": [[3], {"name": "x"}], "unlink": [[3]]}.items():
        assert small.refusal("res.partner", method, *args)["name"] == "odoo.exceptions.AccessError"
    assert small.call("res.partner", "check_access_rights", "read") is True
    assert small.call("res.partner", "check_access_rights", "write", raise_exception=False) is False


# ---------- who sees what

def test_rows_of_another_company_hide(small):
    everyone = {"active_test": False}
    assert small.call("res.partner", "search", [], order="id", context=everyone) == [1, 2, 3, 4]
    assert small.refusal("res.partner", "read", [5], ["name"])["name"] == "odoo.exceptions.AccessError"
    with small.knobs.set(companies=[1, 2]):
        assert small.call("res.partner", "search", [], order="id", context=everyone) == [1, 2, 3, 4, 5]
        assert small.call("res.partner", "search", [], order="id", context={"allowed_company_ids": [2], "active_test": False}) == [1, 5]
    assert "companies" in small.refusal("res.partner", "search", [], context={"allowed_company_ids": [2]})["message"]


def test_a_record_rule_hides_without_a_word(small):
    with small.knobs.set(hidden_ids={"account.move": [1]}):
        assert small.call("account.move", "search_count", []) == 2 and small.call("account.move", "search", [["id", "=", 1]]) == []
        refused = small.refusal("account.move", "read", [2, 1], ["name"])
        assert refused["name"] == "odoo.exceptions.AccessError" and "account.move" in refused["message"]
    assert small.call("account.move", "search_count", []) == 3


def test_a_denied_model(small):
    with small.knobs.set(denied_models=["account.move"]):
        for method, args in {"search": [[]], "search_count": [[]], "fields_get": [], "read": [[1]]}.items():
            assert small.refusal("account.move", method, *args)["name"] == "odoo.exceptions.AccessError"


def test_credentials_expire_in_the_middle(small):
    with small.knobs.set(refuse_login=True):
        assert small.refusal("res.partner", "search", [])["name"] == "odoo.exceptions.AccessDenied"
        with pytest.raises(RPCError, match="Wrong login"):
            small.server.login()
    assert small.call("res.partner", "search_count", []) > 0


def test_each_user_has_their_own_password(small):
    from demo.odoo.auth import ensure_password

    ensure_password(small.dsn, "lectora", "otra clave")
    reader = odoorpc.ODOO("127.0.0.1", port=small.port)
    reader.login(small.db, "lectora", "otra clave")
    assert reader.execute_kw("res.partner", "search", [[]], {"order": "id"}) == [1, 5]  # of company 2
    with pytest.raises(RPCError):
        reader.login(small.db, "admin", "otra clave")
    with pytest.raises(RPCError):
        reader.login(small.db, "__system__", "")  # inactive


def test_unknown_database(small):
    status, body = small.server.post("common", "login", "no_such_db", "admin", "x")
    assert status == 200 and 'database "no_such_db" does not exist' in body["error"]["data"]["message"]
    assert small.odoo.db.list() == [small.db]


# ---------- faults

def test_a_page_too_large_kills_the_connection(small):
    with small.knobs.set(page_limit=2):
        with pytest.raises(http.client.RemoteDisconnected):
            small.call("account.move", "search_read", [], ["name"])
        assert len(small.call("account.move", "search_read", [], ["name"], limit=2)) == 2
        assert len(small.call("account.move", "search", [])) == 3  # ids are cheap


def test_dropped_and_502_are_counted_over_all_workers(small):
    small.knobs.update(drop_next=2, bad_gateway_next=1)
    for _ in range(2):
        with pytest.raises(http.client.RemoteDisconnected):
            small.call("res.partner", "search", [])
    with pytest.raises(urllib.error.HTTPError, match="502"):
        small.call("res.partner", "search", [])
    assert [small.call("res.partner", "search_count", []) for _ in range(4)] == [3] * 4
    assert small.knobs.drop_next == small.knobs.bad_gateway_next == 0


def test_latency(small):
    with small.knobs.set(latency_s=0.2):
        started = time.monotonic()
        small.call("res.partner", "search", [])
        assert time.monotonic() - started >= 0.2


def test_a_field_goes_or_is_renamed(small):
    with small.knobs.set(removed_fields={"account.move": ["ref"]}, renamed_fields={"account.move": {"x_billed_m3": "x_volume"}}):
        fields = small.call("account.move", "fields_get")
        assert "ref" not in fields and "x_billed_m3" not in fields and fields["x_volume"]["type"] == "float"
        assert small.refusal("account.move", "search_read", [], ["ref"])["name"] == "builtins.ValueError"
        assert small.call("account.move", "read", [1], ["x_volume"]) == [{"id": 1, "x_volume": 12.345}]
        assert small.call("account.move", "search", [["x_volume", ">", 1]]) == [1]
    assert small.call("account.move", "read", [1], ["x_billed_m3"]) == [{"id": 1, "x_billed_m3": 12.345}]


def test_one_value_is_corrupted_on_the_wire(small):
    with small.knobs.set(corrupt={"account.move": {1: {"amount_total": "12 mil", "date": "2026-02-31"}}}):
        rows = small.call("account.move", "read", [1, 2], ["amount_total", "date"])
    assert rows == [{"id": 1, "amount_total": "12 mil", "date": "2026-02-31"}, {"id": 2, "amount_total": 100.0, "date": "2026-01-01"}]


def test_a_knob_that_does_not_exist(small):
    with pytest.raises(AttributeError, match="drop_next"):
        small.knobs.update(drop_nxt=1)


# ---------- the server

def test_what_is_not_json_rpc(small):
    for path, body, code in (("/jsonrpc", b"not json", 400), ("/json/2/res.partner/search", b"{}", 404), ("/nothing", b"{}", 404)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(small.url + path, body, {"Content-Type": "application/json"}))
        assert caught.value.code == code


def test_web_session(small):
    client = odoorpc.ODOO("127.0.0.1", port=small.port)
    arguments = {"model": "res.partner", "method": "search_count", "args": [[]], "kwargs": {}}
    with pytest.raises(RPCError) as caught:
        client.json("/web/dataset/call_kw", arguments)
    assert caught.value.info["code"] == 100 and caught.value.info["data"]["name"] == "odoo.http.SessionExpiredException"
    session = client.json("/web/session/authenticate", {"db": small.db, "login": small.user, "password": small.password})["result"]
    assert session["uid"] == small.odoo.env.uid and session["server_version_info"][0] == 18
    assert client.json("/web/dataset/call_kw", arguments)["result"] == 3
    client.json("/web/session/destroy", {})
    with pytest.raises(RPCError):
        client.json("/web/dataset/call_kw", arguments)


def test_a_change_committed_in_sql_is_seen_at_once(small):
    with psycopg.connect(small.dsn) as conn:
        conn.execute("insert into res_partner (id, name, active, company_id) values (90, 'Nueva', true, 1)")
        assert small.call("res.partner", "search", [["id", "=", 90]]) == []  # not committed
        conn.commit()
        assert small.call("res.partner", "search", [["id", "=", 90]]) == [90]
        conn.execute("delete from res_partner where id = 90")


def test_it_outlives_a_lost_database_connection(small):
    with psycopg.connect(small.dsn, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
    assert [small.call("res.partner", "search_count", []) for _ in range(6)] == [3] * 6


def test_a_parent_killed_with_9_leaves_no_server_behind(small):
    code = "import os, time; from demo.odoo.server import StandIn; e = os.environ"
    code += "; s = StandIn(e['DSN'], user='admin', password=e['PASSWORD'], workers=1)"
    code += "; print(s.start().url, flush=True); time.sleep(60)"
    environment = {**os.environ, "DSN": small.dsn, "PASSWORD": small.password}
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    url = parent.stdout.readline().strip()
    assert answers(url)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(url) and answers(small.url)


def test_starting_and_stopping_twice_does_no_harm(small):
    other = StandIn(small.dsn, workers=1, user="admin", password=small.password, latency_s=0.01)
    with other:
        assert other.start() is other and answers(other.url) and other.knobs.latency_s == 0.01
        url = other.url
    other.stop()
    assert not answers(url)


def test_without_the_user_it_says_what_to_do(home):
    with pytest.raises(LookupError, match="caudal demo generate"):
        StandIn(settings().warehouse_url("owner", "odoo_contract"), user="nadie").start()
