"""One login to Odoo through odoorpc, and the translation of every way it can fail into a Spanish message that holds no secret.

odoorpc sends the password with each call and logs its calls at DEBUG: its log is silenced here, and none of its exceptions
leaves this module (their `info` carries the server's traceback).
"""

from __future__ import annotations

import http.client
import json
import logging
import random
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

import odoorpc
from odoorpc.rpc import jsonrpclib

from sources.contract import SourceError
from sources.odoo import page

PORTS = {"http": 80, "https": 443}
PROTOCOLS = {"http": "jsonrpc", "https": "jsonrpc+ssl"}
LOGIN_TIMEOUT_S = 20  # a log-in is quick; a firewall that swallows packets is found out sooner
GATEWAY_CODES = (429, 502, 503, 504)  # a proxy's way to say that Odoo's worker died, is busy or restarts


class Unanswered(SourceError):
    """Odoo was reached or sought, and no whole answer came. It may work if tried again, perhaps with a smaller page."""


class Unreachable(Unanswered):
    """Nothing listens at Odoo's address."""


class CredentialRefused(SourceError):
    """Odoo does not accept the user and password (or key). Trying again would only lock the account."""


class AccessRefused(SourceError):
    """The user may log in, but not read this."""


class _Proxy(jsonrpclib.ProxyJSON):
    """odoorpc's own JSON-RPC call, but for what it logs (nothing) and how the answer is parsed: quicker, or later (`pages`)."""

    pages = False

    def __call__(self, url: str, params: dict[str, Any] | None = None) -> Any:
        body = {"jsonrpc": "2.0", "method": "call", "params": params or {}, "id": random.randint(0, 1_000_000_000)}
        request = urllib.request.Request(
            self._get_full_url(url.lstrip("/")), data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        with self._opener.open(request, timeout=self._timeout) as response:
            answer = response.read()
        found = page.glance(answer) if self.pages else None
        return page.parse(answer) if found is None else {"result": found}


class _NoCalls(logging.Filter):
    """Keeps odoorpc's own records out of every log: at DEBUG they hold the arguments of each call, the password among them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return False


def silence_odoorpc() -> None:
    """Drop what odoorpc logs, whatever level and handlers the process sets. A filter survives `setLevel` and `dictConfig`."""
    logger = logging.getLogger("odoorpc.rpc.jsonrpclib")
    if not any(isinstance(f, _NoCalls) for f in logger.filters):
        logger.addFilter(_NoCalls())


@dataclass(frozen=True)
class Address:
    """Where Odoo is and who reads it. `password` may be an API key."""

    url: str
    db: str
    user: str
    password: str = field(repr=False)
    timeout_s: float = 120

    @property
    def source(self) -> str:
        """The name rows carry in `_source` and state is kept under: it holds the database, not the host, which may move."""
        return f"odoo:{self.db}"

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


class Session:
    """One logged-in odoorpc client. Not for two threads at once."""

    def __init__(self, address: Address) -> None:
        """Log in, without trying twice. Raises Unreachable, Unanswered, CredentialRefused or SourceError."""
        silence_odoorpc()
        self.address = address
        protocol, host, port = address.split()
        try:
            self._odoo = odoorpc.ODOO(host, protocol=protocol, port=port, timeout=min(LOGIN_TIMEOUT_S, address.timeout_s))
            self._speed_up()
            self._odoo.login(address.db, address.user, address.password)
            self._odoo.config["timeout"] = address.timeout_s
            self.lang = self._odoo.env.context.get("lang") or None  # translated names come in it
        except Exception as error:  # noqa: BLE001 - odoorpc lets anything through; _translate raises in every case
            self._translate(error, "al iniciar sesión", logging_in=True)

    def _speed_up(self) -> None:
        connector = self._odoo._connector  # odoorpc is pinned; it takes no proxy of ours by any public way
        theirs = connector._proxy_json
        self._proxy = connector._proxy_json = _Proxy(
            connector.host, connector.port, theirs._timeout, ssl=connector.ssl, opener=theirs._opener)

    @property
    def version(self) -> str:
        """Odoo's version, as it says it: '18.0'."""
        return str(self._odoo.version)

    def call(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """One call of `execute_kw`, tried once, in the user's language unless the context says another.

        Raises Unanswered (may be retried), AccessRefused, CredentialRefused or SourceError.
        """
        context = {"lang": self.lang, **kwargs.get("context", {})} if self.lang else kwargs.get("context", {})
        try:
            return self._odoo.execute_kw(model, method, args, {**kwargs, "context": context})
        except Exception as error:  # noqa: BLE001 - the same
            self._translate(error, f"al leer {model} ({method})")

    def page(self, model: str, domain: list[Any], options: dict[str, Any]) -> page.Page:
        """One `search_read` by id, its rows not parsed yet. Raises as `call`."""
        self._proxy.pages = True
        try:
            answer = self.call(model, "search_read", [domain], {**options, "order": "id", "load": None})
        finally:
            self._proxy.pages = False
        if isinstance(answer, page.Page):
            return answer
        whole = page.Page(b"", len(answer), answer[-1]["id"] if answer else 0)
        whole.rows = answer
        return whole

    def _translate(self, error: Exception, doing: str, logging_in: bool = False) -> NoReturn:
        """Raise what the error means; its own text is shown only where it cannot hold an argument of the call."""
        where = f"Odoo ({self.address.url}, base {self.address.db})"
        if isinstance(error, odoorpc.error.RPCError):
            raise self._refusal(error, where, doing, logging_in) from None
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            if error.code in GATEWAY_CODES:
                raise Unanswered(f"{where} respondió HTTP {error.code} {doing}: su proceso se cayó, está ocupado o reiniciando.") from None
            raise SourceError(
                f"{where} respondió HTTP {error.code} {doing}. Revise ODOO_URL: ahí no parece contestar Odoo, o un proxy no deja pasar /jsonrpc."
            ) from None
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise SourceError(f"{where}: el certificado no es válido ({reason.verify_message}). No se envió la contraseña.") from None
        if isinstance(reason, TimeoutError):
            waited = min(LOGIN_TIMEOUT_S, self.address.timeout_s) if logging_in else self.address.timeout_s
            raise Unanswered(f"{where} no respondió en {waited:.0f} s {doing}. Revise la red, el cortafuegos y la carga de Odoo.") from None
        if isinstance(reason, ConnectionRefusedError) or type(reason).__name__ == "gaierror":
            raise Unreachable(
                f"{where} no responde: no hay nada escuchando en esa dirección. Revise que Odoo esté encendido, la red y ODOO_URL."
            ) from None
        if isinstance(reason, http.client.HTTPException | OSError):
            raise Unanswered(f"{where} cortó la conexión {doing} ({type(reason).__name__}).") from None
        if isinstance(reason, ValueError | KeyError | TypeError | AttributeError):  # odoorpc takes the answer apart without looking
            kind = SourceError if logging_in else Unanswered
            raise kind(f"{where} dio una respuesta que no es JSON-RPC de Odoo {doing}. Revise ODOO_URL.") from None
        raise SourceError(f"{where}: error inesperado {doing} ({type(reason).__name__}).") from None

    def _refusal(self, error: odoorpc.error.RPCError, where: str, doing: str, logging_in: bool) -> SourceError:
        data = error.info.get("data", {}) if isinstance(error.info, dict) else {}
        name = str(data.get("name", "")).rsplit(".", 1)[-1]
        text = " ".join(str(error).replace(self.address.password, "***").split())[:300] if self.address.password else str(error)[:300]
        if name == "AccessDenied" and not logging_in:
            return CredentialRefused(
                f"{where} dejó de aceptar la clave de {self.address.user} {doing}: venció o fue revocada "
                "(las claves de API duran 90 días como máximo). Genere otra en Odoo y póngala en ODOO_PASSWORD."
            )
        if logging_in and (name == "AccessDenied" or not data):
            return CredentialRefused(
                f"{where} no acepta el usuario {self.address.user!r} con esa contraseña. Revise ODOO_USER y ODOO_PASSWORD; "
                "si es una clave de API, puede haber vencido (duran 90 días como máximo)."
            )
        if name == "AccessError":
            return AccessRefused(f"{where}: el usuario {self.address.user} no tiene permiso {doing}. Odoo dice: {text}")
        if logging_in:
            return SourceError(f"{where} no deja entrar. Revise ODOO_DB. Odoo dice: {text}")
        return SourceError(f"{where} rechazó la consulta {doing}. Odoo dice: {name}: {text}")
