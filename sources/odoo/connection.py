"""What every connection to Odoo has, whatever it speaks: an address, Odoo's clock, and the ways it can fail, in Spanish and without a secret."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

from sources.contract import SourceError
from sources.odoo.page import Page

PORTS = {"http": 80, "https": 443}
PROTOCOLS = {"http": "jsonrpc", "https": "jsonrpc+ssl"}
LOGIN_TIMEOUT_S = 20  # a log-in is quick; a firewall that swallows packets is found out sooner
GATEWAY_CODES = (429, 502, 503, 504)  # a proxy's way to say that Odoo's worker died, is busy or restarts
RENEW = "(las claves de API de un usuario suelen durar 90 días como máximo). Genere otra en Odoo (Preferencias, Seguridad de la cuenta) y póngala en"


class Unanswered(SourceError):
    """Odoo was reached or sought, and no whole answer came. It may work if tried again, perhaps with a smaller page."""


class Unreachable(Unanswered):
    """Nothing listens at Odoo's address."""


class CredentialRefused(SourceError):
    """Odoo does not accept the user and password (or key). Trying again would only lock the account."""


class AccessRefused(SourceError):
    """The user may log in, but not read this."""


def require(values: Mapping[str, Any]) -> None:
    """Raises SourceError that names the environment variables without which nobody knows where Odoo is."""
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise SourceError(f"Falta decir dónde está Odoo: ponga {', '.join(missing)} en el entorno.")


@dataclass(frozen=True)
class Address:
    """Where Odoo is and who reads it. `password` may be an API key; over JSON-2 it must be one, and `user` is not needed."""

    url: str
    db: str
    user: str
    password: str = field(repr=False)
    timeout_s: float = 120

    @property
    def source(self) -> str:
        """The name rows carry in `_source` and state is kept under: it holds the database, not the host, which may move."""
        return f"odoo:{self.db}"

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"Odoo ({self.url}, base {self.db})"

    def split(self) -> tuple[str, str, int]:
        """odoorpc's protocol, host and port. Raises SourceError when the URL cannot be used."""
        try:
            parts = urlsplit(self.url)
            port = parts.port or PORTS.get(parts.scheme, 0)
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in PROTOCOLS or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
            raise SourceError(
                "ODOO_URL no sirve: escriba sólo protocolo, servidor y puerto, por ejemplo https://odoo.ejemplo.do o http://10.0.0.5:8069."
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return PROTOCOLS[parts.scheme], host, port

    def without_secret(self, text: str) -> str:
        """What Odoo said, on one line, shortened, with the password blotted out should it be there."""
        text = text.replace(self.password, "***") if self.password else text
        return " ".join(text.split())[:300]


class ServerClock:
    """Odoo's clock: what the Date header of its last answer said, and what has passed since. Cut to the second, as the header is."""

    def __init__(self) -> None:
        self._heard: tuple[str, float] | None = None

    def heard(self, date_header: str | None) -> None:
        """An answer came just now. Cheap: it is noted on every request and read when asked for."""
        if date_header:
            self._heard = date_header, monotonic()

    def now(self) -> datetime | None:
        """The time there; None when no answer has told."""
        if self._heard is None:
            return None
        header, at = self._heard
        try:
            told = parsedate_to_datetime(header)
        except ValueError:
            return None
        return told.astimezone(UTC) + timedelta(seconds=monotonic() - at)


class Session(Protocol):
    """One client that Odoo has let in. Not for two threads at once."""

    version: int
    """Odoo's major version: 18."""
    lang: str | None
    """The user's language: translated names come in it when the context says so."""
    uid: int
    """The user's id."""

    def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        """One call of a model method by named arguments (`ids`: the records, for a method of records), tried once.

        Raises Unanswered (may be retried), AccessRefused, CredentialRefused or SourceError.
        """

    def page(self, model: str, arguments: Mapping[str, Any]) -> Page:
        """One `search_read` by id with bare many2one, its rows not parsed yet. Raises as `call`."""

    def close(self) -> None:
        """Give back what it holds open."""


def whole_page(rows: list[dict[str, Any]]) -> Page:
    """A page of rows that were parsed already. Raises SourceError when they are no rows."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
        raise SourceError("Odoo envió una página de filas que no se puede interpretar.")
    return Page(b"", len(rows), rows[-1]["id"] if rows else 0, rows)


def gateway_failure(address: Address, code: int, doing: str) -> Unanswered:
    """A proxy answered in Odoo's place."""
    return Unanswered(f"{address.where} respondió HTTP {code} {doing}: su proceso se cayó, está ocupado o reiniciando.")


def key_expired(address: Address, who: str, doing: str, variable: str) -> CredentialRefused:
    """A credential that worked, or may have, is refused."""
    return CredentialRefused(f"{address.where} dejó de aceptar la clave de {who} {doing}: venció o fue revocada {RENEW} {variable}.")


def network_failure(address: Address, reason: BaseException, doing: str, waited_s: float) -> SourceError | None:
    """What a failure below HTTP means; None when it is none of those."""
    where = address.where
    if isinstance(reason, ssl.SSLCertVerificationError):
        return SourceError(f"{where}: el certificado no es válido ({reason.verify_message}). No se envió la contraseña.")
    if isinstance(reason, TimeoutError):
        return Unanswered(f"{where} no respondió en {waited_s:.0f} s {doing}. Revise la red, el cortafuegos y la carga de Odoo.")
    if isinstance(reason, ConnectionRefusedError | socket.gaierror):
        return Unreachable(f"{where} no responde: no hay nada escuchando en esa dirección. Revise que Odoo esté encendido, la red y ODOO_URL.")
    if isinstance(reason, http.client.HTTPException | OSError):
        return Unanswered(f"{where} cortó la conexión {doing} ({type(reason).__name__}).")
    return None
