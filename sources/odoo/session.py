"""One log-in to Odoo through odoorpc, and the translation of every way it can fail into a Spanish message that holds no secret.

odoorpc sends the password with each call and logs its calls at DEBUG: its log is silenced here, and none of its exceptions
leaves this module (their `info` carries the server's traceback).
"""

from __future__ import annotations

import json
import logging
import random
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NoReturn

import odoorpc
from odoorpc.rpc import jsonrpclib

from sources.contract import SourceError
from sources.odoo import page
from sources.odoo.connection import (
    GATEWAY_CODES,
    LOGIN_TIMEOUT_S,
    RENEW,
    AccessRefused,
    Address,
    CredentialRefused,
    ServerClock,
    Unanswered,
    gateway_failure,
    key_expired,
    network_failure,
    whole_page,
)


class _Proxy(jsonrpclib.ProxyJSON):
    """odoorpc's own JSON-RPC call, but for what it logs (nothing) and how the answer is parsed: quicker, or later (`pages`)."""

    pages = False
    clock: ServerClock

    def __call__(self, url: str, params: dict[str, Any] | None = None) -> Any:
        body = {"jsonrpc": "2.0", "method": "call", "params": params or {}, "id": random.randint(0, 1_000_000_000)}
        request = urllib.request.Request(
            self._get_full_url(url.lstrip("/")), data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        with self._opener.open(request, timeout=self._timeout) as response:
            answer = response.read()
        self.clock.heard(response.headers["Date"])
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


class Session:
    """One logged-in odoorpc client (see `connection.Session`). Not for two threads at once."""

    def __init__(self, address: Address, clock: ServerClock | None = None) -> None:
        """Log in, without trying twice. Raises Unreachable, Unanswered, CredentialRefused or SourceError."""
        silence_odoorpc()
        self.address, self._clock = address, clock or ServerClock()
        protocol, host, port = address.split()
        try:
            self._odoo = odoorpc.ODOO(host, protocol=protocol, port=port, timeout=min(LOGIN_TIMEOUT_S, address.timeout_s))
            self._speed_up()
            self._odoo.login(address.db, address.user, address.password)
            self._odoo.config["timeout"] = address.timeout_s
            self.lang = self._odoo.env.context.get("lang") or None
            self.uid = self._odoo.env.uid
            self.version = int(re.search(r"\d+", self._odoo.version)[0])  # 18.0, 18.0+e, saas~18.2
        except Exception as error:  # noqa: BLE001 - odoorpc lets anything through; _translate raises in every case
            self._translate(error, "al iniciar sesión", logging_in=True)

    def _speed_up(self) -> None:
        connector = self._odoo._connector  # odoorpc is pinned; it takes no proxy of ours by any public way
        theirs = connector._proxy_json
        self._proxy = connector._proxy_json = _Proxy(
            connector.host, connector.port, theirs._timeout, ssl=connector.ssl, opener=theirs._opener)
        self._proxy.clock = self._clock

    def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        """One call of `execute_kw`."""
        named = dict(arguments)
        positional = [named.pop("ids")] if "ids" in named else []
        try:
            return self._odoo.execute_kw(model, method, positional, {"context": {}, **named})
        except Exception as error:  # noqa: BLE001 - the same
            self._translate(error, f"al leer {model} ({method})")

    def page(self, model: str, arguments: Mapping[str, Any]) -> page.Page:
        """One `search_read` by id, its rows not parsed yet."""
        self._proxy.pages = True
        try:
            answer = self.call(model, "search_read", {**arguments, "order": "id", "load": None})
        finally:
            self._proxy.pages = False
        return answer if isinstance(answer, page.Page) else whole_page(answer)

    def close(self) -> None:
        """Nothing to give back: odoorpc keeps no connection open."""

    def _translate(self, error: Exception, doing: str, logging_in: bool = False) -> NoReturn:
        """Raise what the error means; its own text is shown only where it cannot hold an argument of the call."""
        where = self.address.where
        if isinstance(error, odoorpc.error.RPCError):
            raise self._refusal(error, where, doing, logging_in) from None
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            if error.code in GATEWAY_CODES:
                raise gateway_failure(self.address, error.code, doing) from None
            raise SourceError(
                f"{where} respondió HTTP {error.code} {doing}. Revise ODOO_URL: ahí no parece contestar Odoo, o un proxy no deja pasar /jsonrpc."
            ) from None
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        waited = min(LOGIN_TIMEOUT_S, self.address.timeout_s) if logging_in else self.address.timeout_s
        failure = network_failure(self.address, reason, doing, waited) if isinstance(reason, BaseException) else None
        if failure is not None:
            raise failure from None
        if isinstance(reason, ValueError | KeyError | TypeError | AttributeError):  # odoorpc takes the answer apart without looking
            kind = SourceError if logging_in else Unanswered
            raise kind(f"{where} dio una respuesta que no es JSON-RPC de Odoo {doing}. Revise ODOO_URL.") from None
        raise SourceError(f"{where}: error inesperado {doing} ({type(reason).__name__}).") from None

    def _refusal(self, error: odoorpc.error.RPCError, where: str, doing: str, logging_in: bool) -> SourceError:
        data = error.info.get("data", {}) if isinstance(error.info, dict) else {}
        name = str(data.get("name", "")).rsplit(".", 1)[-1]
        text = self.address.without_secret(str(error))
        if name == "AccessDenied" and not logging_in:
            return key_expired(self.address, self.address.user, doing, "ODOO_PASSWORD")
        if logging_in and (name == "AccessDenied" or not data):
            return CredentialRefused(
                f"{where} no acepta el usuario {self.address.user!r} con esa contraseña. Revise ODOO_USER y ODOO_PASSWORD; "
                f"si es una clave de API, puede haber vencido {RENEW} ODOO_PASSWORD."
            )
        if name == "AccessError":
            return AccessRefused(f"{where}: el usuario {self.address.user} no tiene permiso {doing}. Odoo dice: {text}")
        if logging_in:
            return SourceError(f"{where} no deja entrar. Revise ODOO_DB. Odoo dice: {text}")
        return SourceError(f"{where} rechazó la consulta {doing}. Odoo dice: {name}: {text}")
