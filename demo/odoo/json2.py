"""Odoo 19's JSON-2: `POST /json/2/<model>/<method>`, a bearer key, named arguments; the answer is the bare result, or an error with its own status.

Copied from what Odoo 19 does, in its order: the database, the route, the key, the body, the model, the method, its arguments.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import orjson

from demo.odoo.errors import AccessDenied, BadCall, BadRequest, NotFound, OdooError, Unauthorized, UnknownMethod, UnprocessableEntity
from demo.odoo.orm import Environment, User

if TYPE_CHECKING:
    from demo.odoo.app import Application

ROUTE = re.compile(r"/json/2/([^/]+)/([^/]+)")
BEARER = re.compile(r"bearer\s+(.+)", re.IGNORECASE)
HTML_404 = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server.</p>\n"
HTML_415 = b"<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n"
HTML = "text/html; charset=utf-8"


def answers(path: str) -> bool:
    """Whether JSON-2 is what this path speaks."""
    return path == "/json/2" or path.startswith("/json/2/")


def answer(app: Application, environ: dict[str, Any], body: bytes) -> tuple[int, bytes | dict[str, Any], list[tuple[str, str]]]:
    """Status, body (JSON text or an object), further headers. Raises ConnectionDropped, and whatever PostgreSQL raises."""
    if environ.get("HTTP_X_ODOO_DATABASE", app.db) != app.db:
        return 404, HTML_404, [("Content-Type", HTML)]
    if body and environ.get("CONTENT_TYPE", "").partition(";")[0].strip() != "application/json":
        return 415, HTML_415, [("Content-Type", HTML)]
    try:
        return 200, _result(app, environ, body), []
    except Unauthorized as error:
        return error.status, error.serialized(), [("WWW-Authenticate", "bearer")]
    except OdooError as error:
        return error.status, error.serialized(), []


def _result(app: Application, environ: dict[str, Any], body: bytes) -> Any:
    route = ROUTE.fullmatch(environ["PATH_INFO"])
    if route is None or environ["REQUEST_METHOD"] != "POST":
        raise NotFound("Did you mean POST /json/2/<model>/<method>?")
    user = _user(app, environ.get("HTTP_AUTHORIZATION", ""))
    try:
        named = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"could not parse the body as json: {error}") from None
    named = dict(named) if isinstance(named, dict) else {}
    return _call(app, user, route[1], route[2], named)


def _user(app: Application, authorization: str) -> User:
    bearer = BEARER.fullmatch(authorization)
    if bearer is None:
        raise Unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
    uid = app.user_of_key(bearer[1])
    if uid is None:
        raise Unauthorized("Invalid apikey")
    row = app.user_row(uid)
    if row is None:  # deactivated between the two questions
        raise AccessDenied
    return User(*row[:4])


def _call(app: Application, user: User, model: str, method: str, named: dict[str, Any]) -> Any:
    registry = app.registry()
    if model not in registry.models:
        raise NotFound(f"the model {model!r} does not exist")
    ids, context = named.pop("ids", ()), named.pop("context", {})
    environment = Environment(registry, app.connection(), user, context)
    function = registry.methods.get(method)
    of_records = function is not None and "ids" in inspect.signature(function).parameters
    if function is not None and ids and not of_records:
        raise UnprocessableEntity(f"cannot call {model}.{method} with ids")
    try:
        return environment.call(model, method, [ids] if of_records else [], named)
    except UnknownMethod as error:
        raise NotFound(error.message) from None
    except BadCall as error:
        raise UnprocessableEntity(error.message.removeprefix(f"BaseModel.{method}() ")) from None
