"""The WSGI application: Odoo's JSON-RPC routes, and from 19 on JSON-2, over a source database. One instance and one connection a worker."""

from __future__ import annotations

import errno
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict

from demo.odoo import json2, orm19
from demo.odoo.auth import CANDIDATES, KEY_BYTES, KEY_INDEX, SCOPE, Verifier
from demo.odoo.errors import (
    AccessDenied,
    BadCall,
    ConnectionDropped,
    DatabaseError,
    NoDatabase,
    OdooError,
    SessionExpired,
    UnknownMethod,
)
from demo.odoo.knobs import Watcher
from demo.odoo.orm import Environment, Json, Registry, User, context_get

JSON2_SINCE = 19
KEY = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")
JSON = "application/json; charset=utf-8"
StartResponse = Callable[..., Any]


class Application:
    """Answers requests on the database of `dsn`; `knobs` is the file of faults (None: a healthy server for good)."""

    def __init__(self, dsn: str, knobs: Path | None = None) -> None:
        self.dsn = dsn
        self.db = conninfo_to_dict(dsn)["dbname"]
        self.watcher = Watcher(knobs)
        self.verify = Verifier()
        self.session_key = secrets.token_bytes(32)  # made before the workers fork, so that all of them know it
        self._connection: psycopg.Connection | None = None
        self._registry: tuple[int, Registry] | None = None
        self.routes: dict[str, Callable[..., Any]] = {
            "/jsonrpc": self.jsonrpc,
            "/web/webclient/version_info": lambda request, **_: self.version(),
            "/web/database/list": lambda request, **_: [self.db],
            "/web/session/authenticate": self.web_authenticate,
            "/web/session/get_session_info": self.web_session_info,
            "/web/session/destroy": self.web_destroy,
            "/web/dataset/call_kw": self.web_call_kw,
        }

    # ---------- HTTP

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()  # first: closing on unread data would reset the connection instead of ending it
        path = environ["PATH_INFO"]
        if path == "/web/health":  # the faults leave the health check alone
            return _respond(start_response, "200 OK", b'{"status": "pass"}')
        knobs = self.watcher.look()
        if knobs.latency_s:
            time.sleep(knobs.latency_s)
        if self.watcher.take("drop_next"):
            raise BrokenPipeError(errno.EPIPE, "dropped on purpose")  # gunicorn closes the connection without an answer
        if self.watcher.take("bad_gateway_next"):
            return _respond(start_response, "502 Bad Gateway", b"<html><h1>502 Bad Gateway</h1><hr>nginx</html>", "text/html")
        if knobs.major >= JSON2_SINCE:
            if path in ("/web/version", "/json/version"):
                said = {"version_info": self.version()["server_version_info"], "version": knobs.version}
                return _respond(start_response, "200 OK", orjson.dumps(said))
            if json2.answers(path):
                return self._json2(environ, body, start_response)
        route = self.routes.get(path) or (self.web_call_kw if path.startswith("/web/dataset/call_kw/") else None)
        if route is None:
            return _respond(start_response, "404 NOT FOUND", b"<!doctype html><title>404 Not Found</title>", "text/html")
        try:
            request = orjson.loads(body)
            params = request.get("params") or {}
            if environ["REQUEST_METHOD"] != "POST" or not isinstance(params, dict):
                raise ValueError
        except (ValueError, AttributeError):
            return _respond(start_response, "400 BAD REQUEST", b"<!doctype html><title>400 Bad Request</title>", "text/html")
        headers: list[tuple[str, str]] = []
        try:
            answer = self._answer(request, route(Request(environ, headers), **params))
        except ConnectionDropped:
            raise BrokenPipeError(errno.EPIPE, "page too large") from None
        except OdooError as error:
            answer = self._answer(request, error.envelope(), b"error")
        except psycopg.Error as error:  # the source lacks a table, or is down: Odoo answers with psycopg2's exception
            answer = self._answer(request, DatabaseError(error).envelope(), b"error")
        except TypeError as error:  # parameters that the route does not have
            answer = self._answer(request, BadCall(str(error)).envelope(), b"error")
        return _respond(start_response, "200 OK", answer, extra=headers)

    def _json2(self, environ: dict[str, Any], body: bytes, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, value, headers = json2.answer(self, environ, body)
        except ConnectionDropped:
            raise BrokenPipeError(errno.EPIPE, "page too large") from None
        except psycopg.Error as error:
            failure = DatabaseError(error)
            status, value, headers = failure.status, failure.serialized(), []
        text = value if isinstance(value, bytes) else orjson.dumps(value)
        kind = dict(headers).get("Content-Type", JSON)
        extra = [h for h in headers if h[0] != "Content-Type"]
        return _respond(start_response, f"{status} {HTTPStatus(status).phrase.upper()}", text, kind, extra)

    def version(self) -> dict[str, Any]:
        """What it says it is."""
        serie = self.watcher.state.version
        return {"server_version": serie, "server_version_info": [*map(int, serie.split(".")), 0, "final", 0, ""], "server_serie": serie,
                "protocol_version": 1}

    @staticmethod
    def _answer(request: dict[str, Any], value: Any, member: bytes = b"result") -> bytes:
        text = value if isinstance(value, Json) else orjson.dumps(value)
        return b'{"jsonrpc": "2.0", "id": ' + orjson.dumps(request.get("id")) + b', "' + member + b'": ' + text + b"}"

    # ---------- /jsonrpc: services

    def jsonrpc(self, request: Request, service: str, method: str, args: list[Any]) -> Any:
        """The RPC services that Odoo 18 offers here: common, db and object. 19 still does, and calls them deprecated."""
        functions = {
            ("common", "version"): self.version,
            ("common", "about"): lambda *_: "See http://openerp.com",
            ("common", "login"): self.login,
            ("common", "authenticate"): lambda db, login, password, agent=None: self.login(db, login, password),
            ("db", "list"): lambda *_: [self.db],
            ("db", "db_exist"): lambda name: name == self.db,
            ("db", "server_version"): lambda: self.watcher.state.version,
            ("object", "execute"): self.execute,
            ("object", "execute_kw"): self.execute_kw,
        }
        function = functions.get((service, method))
        if function is None:
            raise UnknownMethod(f"Method not found: {service}.{method}")
        return function(*args)

    def login(self, db: str, login: str, password: str) -> int | bool:
        """The user's id, or False when the credentials are wrong: Odoo raises nothing here. An API key does for a password."""
        self._check_db(db)
        row = self.query("select id, password from res_users where login = %s and active", [login]).fetchone()
        if row is None or not self._fits(row[0], password, row[1]):
            return False
        return row[0]

    def execute(self, db: str, uid: int, password: str, model: str, method: str, *args: Any) -> Any:
        """Positional call, credentials and all."""
        return self.execute_kw(db, uid, password, model, method, list(args))

    def execute_kw(self, db: str, uid: int, password: str, model: str, method: str, args: list[Any] | None = None,
                   kwargs: dict[str, Any] | None = None) -> Any:
        """Call with named arguments; `context` is one of them."""
        self._check_db(db)
        row = self.user_row(uid)
        if row is None or not self._fits(uid, password, row[4]):
            raise AccessDenied
        return self._call(User(*row[:4]), model, method, args, kwargs)

    def _call(self, user: User, model: str, method: str, args: list[Any] | None, kwargs: dict[str, Any] | None) -> Any:
        named = dict(kwargs or {})
        context = named.pop("context", None) or {}
        environment = Environment(self.registry(), self.connection(), user, context)
        return environment.call(model, method, list(args or []), named)

    def _fits(self, uid: int, secret: Any, hashed: str | None) -> bool:
        if self.watcher.state.refuse_login:
            return False
        return self.user_of_key(secret) == uid or self.verify(secret, hashed)  # the key first: a password that is wrong costs a whole hash

    def user_of_key(self, key: Any) -> int | None:
        """The id of the active user whose API key this is; None for one that is unknown, expired or of another scope."""
        if self.watcher.state.refuse_login or not isinstance(key, str) or not KEY.fullmatch(key):
            return None
        rows = self.query(CANDIDATES, [key[:KEY_INDEX], SCOPE]).fetchall()
        return next((uid for uid, hashed in rows if self.verify(key, hashed)), None)

    def user_row(self, uid: Any) -> tuple[Any, ...] | None:
        """id, login, name, company, password hash of an active user."""
        if uid.__class__ is not int:
            return None
        return self.query("select id, login, name, company_id, password from res_users where id = %s and active", [uid]).fetchone()

    def _check_db(self, db: Any) -> None:
        if db != self.db:
            raise NoDatabase(f'connection to server failed: FATAL:  database "{db}" does not exist\n')

    # ---------- /web: sessions

    def web_authenticate(self, request: Request, db: str, login: str, password: str, base_location: str | None = None) -> dict[str, Any]:
        """Log in and set the session cookie."""
        uid = self.login(db, login, password)
        if not uid:
            raise AccessDenied
        request.set_cookie(f"{uid}.{self._sign(uid)}")
        return self._session(uid)

    def web_session_info(self, request: Request) -> dict[str, Any]:
        """The session of the cookie."""
        return self._session(self._session_uid(request))

    def web_destroy(self, request: Request) -> None:
        """Forget the session."""
        request.set_cookie("")

    def web_call_kw(self, request: Request, model: str, method: str, args: list[Any], kwargs: dict[str, Any], path: str | None = None) -> Any:
        """A model method for the logged-in session."""
        row = self.user_row(self._session_uid(request))
        return self._call(User(*row[:4]), model, method, args, kwargs)

    def _session(self, uid: int) -> dict[str, Any]:
        user = User(*self.user_row(uid)[:4])
        return {"uid": uid, "is_admin": False, "is_system": False, "db": self.db, "username": user.login, "name": user.name,
                "user_context": context_get(Environment(self.registry(), self.connection(), user), None),
                "server_version": self.version()["server_version"], "server_version_info": self.version()["server_version_info"],
                "user_companies": {"current_company": user.company_id}}

    def _session_uid(self, request: Request) -> int:
        uid, _, signature = request.cookie().partition(".")
        if not uid.isdigit() or not hmac.compare_digest(signature, self._sign(int(uid))) or self.user_row(int(uid)) is None:
            raise SessionExpired("Session expired")
        return int(uid)

    def _sign(self, uid: int) -> str:
        return hmac.new(self.session_key, str(uid).encode(), hashlib.sha256).hexdigest()

    # ---------- database

    def registry(self) -> Registry:
        """The models under the present knobs."""
        knobs = self.watcher.state
        if self._registry is None or self._registry[0] != self.watcher.version:
            registry = Registry(knobs)
            if knobs.major >= JSON2_SINCE:
                registry.methods |= orm19.METHODS
            self._registry = (self.watcher.version, registry)
        return self._registry[1]

    def connection(self) -> psycopg.Connection:
        """This worker's connection, made anew when the database was restarted."""
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = psycopg.connect(self.dsn, autocommit=True, application_name="stand-in of Odoo",
                                               options="-c timezone=UTC -c datestyle=ISO -c jit=off -c max_parallel_workers_per_gather=0")
        return self._connection

    def query(self, text: str, params: list[Any]) -> psycopg.Cursor:
        """Run a statement; once more on a new connection when the old one turns out dead."""
        connection = self.connection()
        try:
            return connection.execute(text, params, prepare=True)
        except psycopg.OperationalError:
            if not connection.broken:
                raise
            return self.connection().execute(text, params, prepare=True)


class Request:
    """What a route may want of the HTTP request, and the headers it adds to the answer."""

    def __init__(self, environ: dict[str, Any], headers: list[tuple[str, str]]) -> None:
        self.environ, self.headers = environ, headers

    def cookie(self) -> str:
        """The session cookie, empty when there is none."""
        found = SimpleCookie(self.environ.get("HTTP_COOKIE", "")).get("session_id")
        return found.value if found else ""

    def set_cookie(self, value: str) -> None:
        """Set the session cookie; an empty value ends it."""
        end = "" if value else "; Max-Age=0"
        self.headers.append(("Set-Cookie", f"session_id={value}; HttpOnly; Path=/; SameSite=Lax{end}"))


def _respond(start_response: StartResponse, status: str, body: bytes, kind: str = JSON,
             extra: Iterable[tuple[str, str]] = ()) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *extra])
    return [body]
