"""Odoo's exceptions as they look on the wire: HTTP 200 with `{"error": {code, message, data}}`."""

from __future__ import annotations

from typing import Any


class OdooError(Exception):
    """An error that Odoo would answer. `name` is the Python class name that clients see in `data.name`."""

    name = "odoo.exceptions.UserError"
    code = 200
    title = "Odoo Server Error"

    def __init__(self, message: str, *more: Any) -> None:
        super().__init__(message, *more)
        self.message = message

    @property
    def debug(self) -> str:
        """What Odoo puts in `data.debug`: a traceback. It never holds a password here; a real one may hold domains and values."""
        return f'Traceback (most recent call last):\n  File "odoo/http.py", line 1788, in _serve_db\n{self.name}: {self.message}\n'

    def envelope(self) -> dict[str, Any]:
        """The `error` member of the JSON-RPC answer."""
        return {"code": self.code, "message": self.title, "data": {
            "name": self.name, "debug": self.debug, "message": self.message, "arguments": list(self.args), "context": {}}}


class UserError(OdooError):
    """The user asked for something senseless (an unknown model, say)."""


class AccessError(OdooError):
    """Rights or a record rule forbid it."""

    name = "odoo.exceptions.AccessError"


class AccessDenied(OdooError):
    """Wrong or expired credentials. Odoo cuts its traceback off, so that no password leaks."""

    name = "odoo.exceptions.AccessDenied"

    def __init__(self, message: str = "Access Denied") -> None:
        super().__init__(message)

    @property
    def debug(self) -> str:
        return f"{self.name}: {self.message}\n"


class InvalidValue(OdooError):
    """Python's ValueError: an unknown field, a malformed domain."""

    name = "builtins.ValueError"


class UnknownMethod(OdooError):
    """Python's AttributeError."""

    name = "builtins.AttributeError"


class BadCall(OdooError):
    """Python's TypeError: wrong arguments."""

    name = "builtins.TypeError"


class NoDatabase(OdooError):
    """What psycopg2 says of a database that does not exist."""

    name = "psycopg2.OperationalError"


class DatabaseError(OdooError):
    """Whatever PostgreSQL raised, under the name that psycopg2 gives it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{error}\n")
        self.name = f"psycopg2.errors.{type(error).__name__}"


class SessionExpired(OdooError):
    """A web route called without a log-in."""

    name = "odoo.http.SessionExpiredException"
    code = 100
    title = "Odoo Session Expired"


class ConnectionDropped(Exception):
    """Not an answer at all: the worker was killed (CPU limit) and the client sees the connection close."""
