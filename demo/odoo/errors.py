"""Odoo's exceptions as they look on the wire.

Over JSON-RPC: HTTP 200 with `{"error": {code, message, data}}`. Over JSON-2: what is `data` there, under a real HTTP status.
"""

from __future__ import annotations

from typing import Any


class OdooError(Exception):
    """An error that Odoo would answer. `name` is the Python class name that clients see in `data.name`, `status` is JSON-2's."""

    name = "odoo.exceptions.UserError"
    status = 422
    code = 200
    title = "Odoo Server Error"

    def __init__(self, message: str, *more: Any) -> None:
        super().__init__(message, *more)
        self.message = message

    @property
    def debug(self) -> str:
        """What Odoo puts in `data.debug`: a traceback. It never holds a password here; a real one may hold domains and values."""
        return f'Traceback (most recent call last):\n  File "odoo/http.py", line 1788, in _serve_db\n{self.name}: {self.message}\n'

    def serialized(self) -> dict[str, Any]:
        """The exception as Odoo writes it: the body of a JSON-2 answer, the data of a JSON-RPC one."""
        return {"name": self.name, "message": self.message, "arguments": list(self.args), "context": {}, "debug": self.debug}

    def envelope(self) -> dict[str, Any]:
        """The `error` member of the JSON-RPC answer."""
        return {"code": self.code, "message": self.title, "data": self.serialized()}


class UserError(OdooError):
    """The user asked for something senseless (an unknown model, say)."""


class AccessError(OdooError):
    """Rights or a record rule forbid it."""

    name = "odoo.exceptions.AccessError"
    status = 403


class AccessDenied(OdooError):
    """Wrong or expired credentials. Odoo cuts its traceback off, so that no password leaks."""

    name = "odoo.exceptions.AccessDenied"
    status = 403

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)

    @property
    def debug(self) -> str:
        return f"{self.name}: {self.message}\n"


class InvalidValue(OdooError):
    """Python's ValueError: an unknown field, a malformed domain."""

    name = "builtins.ValueError"
    status = 500


class UnknownMethod(OdooError):
    """Python's AttributeError."""

    name = "builtins.AttributeError"
    status = 500


class BadCall(OdooError):
    """Python's TypeError: wrong arguments."""

    name = "builtins.TypeError"
    status = 500


class NoDatabase(OdooError):
    """What psycopg2 says of a database that does not exist."""

    name = "psycopg2.OperationalError"
    status = 500


class DatabaseError(OdooError):
    """Whatever PostgreSQL raised, under the name that psycopg2 gives it."""

    status = 500

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{error}\n")
        self.name = f"psycopg2.errors.{type(error).__name__}"


class SessionExpired(OdooError):
    """A web route called without a log-in."""

    name = "odoo.http.SessionExpiredException"
    status = 403
    code = 100
    title = "Odoo Session Expired"


class HttpError(OdooError):
    """One of werkzeug's HTTP exceptions: what a JSON-2 route raises before any model is called."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.args = (message, self.status)


class BadRequest(HttpError):
    """The body is not JSON."""

    name = "werkzeug.exceptions.BadRequest"
    status = 400


class Unauthorized(HttpError):
    """No key, or one that is wrong, expired or revoked."""

    name = "werkzeug.exceptions.Unauthorized"
    status = 401


class NotFound(HttpError):
    """No such model or method, or not a POST."""

    name = "werkzeug.exceptions.NotFound"
    status = 404


class UnprocessableEntity(HttpError):
    """The arguments do not fit the method."""

    name = "werkzeug.exceptions.UnprocessableEntity"
    status = 422


class ConnectionDropped(Exception):
    """Not an answer at all: the worker was killed (CPU limit) and the client sees the connection close."""
