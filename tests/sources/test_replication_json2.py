"""Replication over JSON-2 when things go wrong: what it survives, what it says, and that the key is nowhere."""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest

from caudal.settings import settings
from sources import expiry
from sources.contract import SourceError
from sources.odoo import mapping
from sources.odoo.connection import AccessRefused, Address, CredentialRefused, Unreachable
from sources.odoo.json2 import Json2Session, OdooJson2, connect
from sources.odoo.rpc import OdooRpc
from sources.transports import Options
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}
DAY = ZoneInfo("America/Santo_Domingo")


@pytest.fixture(scope="module")
def key(module_lab) -> str:
    return module_lab.server.api_key("réplica", days=60)


@pytest.fixture
def lab19(lab, key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """The laboratory's Odoo is a 19, and replication reads it over JSON-2 with a key."""
    lab.server.knobs.version = "19.0"
    monkeypatch.setenv("ODOO_TRANSPORT", "json2")
    monkeypatch.setenv("ODOO_API_KEY", key)
    monkeypatch.delenv("ODOO_PASSWORD")
    settings.cache_clear()
    yield lab
    monkeypatch.undo()
    settings.cache_clear()


def address(lab, secret: str, **changed) -> Address:
    return Address(**{"url": lab.server.url, "db": lab.server.db, "user": "", "password": secret, **changed})


def test_dropped_connections_and_a_dying_proxy_are_survived(lab19, key: str) -> None:
    """At log-in and in the middle of the pages."""
    entity = ENTITIES["account_move"]
    transport = OdooJson2(address(lab19, key), page_rows=1000)
    lab19.server.knobs.update(drop_next=1, bad_gateway_next=1)
    expected = transport.count(entity)
    assert transport.pool.retries == 2
    ids: list[int] = []
    for batch in transport.changes(entity, None)[0]:
        if not ids:
            lab19.server.knobs.update(drop_next=1, bad_gateway_next=1)
        ids += [row["id"] for row in batch.rows]
    assert transport.pool.retries == 4
    assert len(ids) == expected and ids == sorted(set(ids))


def test_a_page_that_kills_odoos_worker_is_halved(lab19, monkeypatch: pytest.MonkeyPatch) -> None:
    from sources.odoo import paging

    sizes = []
    monkeypatch.setattr(paging.PageSize, "worked", lambda self: sizes.append(self.rows))
    lab19.warehouse("drop table raw.odoo_reading")
    with lab19.server.knobs.set(page_limit=600):
        result = lab19.one("reading")
    assert set(sizes) == {500}  # 2,000 and 1,000 died
    assert result.rows_read == assert_same(lab19, ENTITIES["reading"], "water_reading")


def test_pages_are_not_parsed_to_be_counted(lab19, key: str) -> None:
    page = Json2Session(address(lab19, key)).page("water.sector", {"domain": [], "fields": ["name"], "limit": 5})
    assert "rows" not in vars(page)
    assert len(page) == 5 and [row["id"] for row in page.rows][-1] == page.last_id


def test_a_key_that_ends_in_mid_run_is_said(lab19, key: str) -> None:
    session = Json2Session(address(lab19, key))
    with lab19.server.knobs.set(refuse_login=True), pytest.raises(CredentialRefused, match="venció o fue revocada.*ODOO_API_KEY") as caught:
        session.call("water.sector", "search_count", {"domain": []})
    assert key not in "".join(traceback.format_exception(caught.value))


def test_an_ended_key_is_refused_once_for_all_entities(lab19, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = lab19.server.api_key("vencida", days=-1)
    command = lab19.command("--entity", "sector", "--entity", "route", debug=True, ODOO_API_KEY=ended)
    output = command.communicate(timeout=60)[0]
    assert command.returncode == 1 and "DEBUG:root:the logs are on" in output
    assert "no acepta la clave de API" in output and "Genere otra en Odoo" in output and "Traceback" not in output
    assert ended not in output


def test_a_password_is_refused_with_the_reason(lab19) -> None:
    with pytest.raises(CredentialRefused, match="Una contraseña no sirve con JSON-2") as caught:
        Json2Session(address(lab19, lab19.server.password))
    assert lab19.server.password not in str(caught.value)


def test_an_unknown_database_is_said(lab19, key: str) -> None:
    with pytest.raises(SourceError, match="base no_existe.*Revise ODOO_DB"):
        Json2Session(address(lab19, key, db="no_existe"))


def test_an_odoo_before_19_is_said_and_gets_no_key(lab19, key: str) -> None:
    with lab19.server.knobs.set(version="18.0"), pytest.raises(SourceError, match="JSON-2, que existe desde Odoo 19. Ponga ODOO_TRANSPORT=rpc"):
        Json2Session(address(lab19, key))


def test_a_model_the_user_may_not_read_fails_alone(lab19) -> None:
    with lab19.server.knobs.set(denied_models=["water.claim"]):
        results = lab19.replicate("claim", "sector")
    assert results["sector"].status == "ok"
    assert "no tiene permiso" in results["claim"].error and "water.claim" in results["claim"].error


def test_a_model_that_odoo_lacks_is_named(lab19, key: str) -> None:
    session = Json2Session(address(lab19, key))
    with pytest.raises(SourceError, match=r"no\.such\.model"):
        session.call("no.such.model", "search_count", {"domain": []})
    with pytest.raises(SourceError, match="UnprocessableEntity"):
        session.call("water.sector", "search_count", {"nonsense": 1})
    with lab19.server.knobs.set(denied_models=["water.claim"]), pytest.raises(AccessRefused):
        session.call("water.claim", "search_count", {"domain": []})


def test_nothing_listening_is_said(lab19, key: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, not listening: refused
        with pytest.raises(Unreachable, match="no hay nada escuchando"):
            Json2Session(address(lab19, key, url=f"http://127.0.0.1:{free.getsockname()[1]}"))


def answering(*answers: bytes) -> tuple[str, threading.Thread, list[bytes]]:
    """A server that gives these answers, one a connection, and closes. Its address, its thread, and what it was asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        with listener:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread, asked


def http_answer(status: str, body: bytes, *headers: str) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers])
    return head.encode() + b"\r\n\r\n" + body


VERSION = http_answer("200 OK", b'{"version": "saas~19.2", "version_info": ["saas~19", 2, 0, "final", 0, ""]}', "Content-Type: application/json")


@pytest.mark.parametrize(("answer", "message"), [
    (http_answer("301 Moved Permanently", b"", "Location: https://otra.ejemplo.do/json/2/res.users/context_get"), "manda a otra dirección"),
    (http_answer("200 OK", b"<html>hola</html>", "Content-Type: text/html"), "no es JSON-2 de Odoo"),
    (http_answer("200 OK", b"[1, 2]"), "no es JSON-2 de Odoo"),
    (http_answer("500 Internal Server Error", b"<html>nginx</html>", "Content-Type: text/html"), "HTTP 500"),
    (http_answer("200 OK", b'{"lang": "es_DO", "uid": 2}')[:-9], "cortó la conexión"),
])
def test_what_is_no_odoo_is_said_without_the_key(answer: bytes, message: str, key: str) -> None:
    url, thread, asked = answering(VERSION, answer)
    with pytest.raises(SourceError, match=message) as caught:
        Json2Session(Address(url, "base", "", key))
    thread.join(10)
    assert key not in "".join(traceback.format_exception(caught.value))
    assert key.encode() not in asked[0] and f"Authorization: bearer {key}".encode() in asked[1]


def test_a_netrc_file_does_not_take_the_keys_place(key: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login otro password otra\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    url, thread, asked = answering(VERSION, http_answer("200 OK", b'{"lang": "es_DO", "uid": 2}'))
    session = Json2Session(Address(url, "base", "", key))
    thread.join(10)
    assert (session.uid, session.version) == (2, 19)
    assert b"Basic" not in asked[0] + asked[1] and f"Authorization: bearer {key}".encode() in asked[1]


def test_the_key_is_in_no_log_at_any_level(lab19, key: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
    lab19.one("sector")
    assert any(r.name == "urllib3.connectionpool" and "/json/2/water.sector" in r.getMessage() for r in caplog.records)
    assert key not in caplog.text
    command = lab19.command("--entity", "sector", debug=True)
    output = command.communicate(timeout=60)[0]
    assert command.returncode == 0 and "urllib3.connectionpool" in output and key not in output
    assert lab19.warehouse("select count(*) from ops.run as r where r::text like %s", [f"%{key}%"]) == [(0,)]


def test_the_connection_is_kept_open(key: str) -> None:
    ports = set()

    class Odoo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(b'{"version_info": [19, 0]}')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(b'{"lang": false, "uid": 2}')

        def reply(self, body: bytes) -> None:
            ports.add(self.client_address[1])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not on the tests' screen."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Odoo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        session = Json2Session(Address(f"http://127.0.0.1:{server.server_port}", "base", "", key))
        for _ in range(3):
            session.call("res.users", "context_get", {})
        session.close()
        server.shutdown()
    assert len(ports) == 1


@pytest.mark.parametrize("secret", ["con espacio 0123", "acentuada-ñ", "dos\nlíneas-0123"])
def test_what_cannot_be_a_key_is_refused_without_quoting_it(lab19, secret: str) -> None:
    with pytest.raises(CredentialRefused, match="no es una clave de API") as caught:
        Json2Session(address(lab19, secret))
    assert secret not in "".join(traceback.format_exception(caught.value)) and secret not in repr(address(lab19, secret))


def test_settings_that_are_missing_are_named(lab19, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_API_KEY", key + "\n")  # as a file with the secret ends
    settings.cache_clear()
    assert connect(Options(1, 100)).count(ENTITIES["sector"]) > 0
    monkeypatch.delenv("ODOO_API_KEY")
    monkeypatch.setenv("ODOO_PASSWORD", key)
    settings.cache_clear()
    assert connect(Options(1, 100)).count(ENTITIES["sector"]) > 0
    monkeypatch.delenv("ODOO_PASSWORD")
    monkeypatch.delenv("ODOO_DB")
    settings.cache_clear()
    with pytest.raises(SourceError, match="ponga ODOO_DB, ODOO_API_KEY en el entorno"):
        connect(Options(1, 100))


# ---------- the clock, and the key that is about to end

def test_the_clock_is_odoos(lab19, key: str) -> None:
    for transport in (OdooJson2(address(lab19, key)), OdooRpc(address(lab19, lab19.server.password, user=lab19.server.user))):
        with lab19.server.knobs.set(clock_offset_s=-86_400.0):
            clock = transport.clock()
        assert clock.tzinfo is not None and abs(clock - (datetime.now(UTC) - timedelta(days=1))) < timedelta(minutes=5)


def test_a_key_about_to_end_is_told_with_its_day(lab19) -> None:
    server = lab19.server
    lab19.source("delete from res_users_apikeys")
    later = server.api_key("larga", days=60)
    over_json2, over_rpc = OdooJson2(address(lab19, later)), OdooRpc(address(lab19, later, user=server.user))
    day = (datetime.now(UTC) + timedelta(days=60)).astimezone(DAY).date()
    assert over_json2.expires_on() == over_rpc.expires_on() == day
    assert expiry.warnings(over_json2) == expiry.warnings(over_rpc) == []
    soon = (datetime.now(UTC) + timedelta(days=9)).astimezone(DAY).date()
    server.api_key("corta", days=9)
    server.api_key("vencida", days=-3)
    server.api_key("de otra persona", days=2, login="lector1")
    for transport in (over_json2, over_rpc):
        (warning,) = expiry.warnings(transport)
        assert f"{soon:%d/%m/%Y}" in warning and "en 9 días" in warning


def test_a_password_never_ends(lab19) -> None:
    lab19.server.api_key("corta", days=1)
    transport = OdooRpc(address(lab19, lab19.server.password, user=lab19.server.user))
    assert transport.expires_on() is None and expiry.warnings(transport) == []


def test_who_may_not_see_the_keys_is_not_warned(lab19) -> None:
    transport = OdooJson2(address(lab19, lab19.server.api_key("corta", days=1)))
    with lab19.server.knobs.set(denied_models=["res.users.apikeys"]):
        assert transport.expires_on() is None
