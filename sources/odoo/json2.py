"""The transport `json2`: Odoo 19's `POST /json/2/<model>/<method>` with a bearer API key, named arguments, and real HTTP statuses.

The key is only ever in the Authorization header, which neither requests nor urllib3 log; none of their exceptions leaves this module.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import requests
from requests.auth import AuthBase

from caudal.settings import settings
from sources.contract import SourceError
from sources.odoo import page
from sources.odoo.api import OdooApi
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
    require,
    whole_page,
)
from sources.transports import Options

FIRST_VERSION = 19
LOGGING_IN = "al iniciar sesión"


def connect(options: Options) -> OdooJson2:
    """The transport `json2`. Reads `ODOO_URL`, `ODOO_DB`, `ODOO_API_KEY` (else `ODOO_PASSWORD`), and `ODOO_AUDIT_API_KEY` where set.

    Raises SourceError when one of the three is missing; asks for nothing before the first request.
    """
    s = settings()
    key = s.odoo_api_key or s.odoo_password
    require({"ODOO_URL": s.odoo_url, "ODOO_DB": s.odoo_db, "ODOO_API_KEY": key})

    def address(secret: str) -> Address:
        return Address(s.odoo_url, s.odoo_db, "", secret.strip())  # a line break at the end of a secrets file is not of the key

    audit = address(s.odoo_audit_api_key.get_secret_value()) if s.odoo_audit_api_key else None
    return OdooJson2(address(key.get_secret_value()), options.clients, audit, options.page_rows)


class _Bearer(AuthBase):
    """The key as requests' own authentication: else a line for this host in ~/.netrc would take its place."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"bearer {self._key}"
        return request


class Json2Session:
    """One client that Odoo has let in, over a connection that is kept open (see `connection.Session`). Not for two threads at once."""

    def __init__(self, address: Address, clock: ServerClock | None = None) -> None:
        """Ask for the version, without the key, then who we are. Raises Unreachable, Unanswered, CredentialRefused or SourceError."""
        address.split()
        if not re.fullmatch(r"[!-~]+", address.password):  # requests' own complaint would quote it
            raise CredentialRefused(f"{address.where}: ODOO_API_KEY no es una clave de API: lleva espacios, acentos o saltos de línea.")
        self.address, self._clock, self._doing = address, clock or ServerClock(), LOGGING_IN
        self._timeout_s = min(LOGIN_TIMEOUT_S, address.timeout_s)
        self._base = address.url.rstrip("/")
        self._http = requests.Session()
        self._http.headers.update({"User-Agent": "caudal", "X-Odoo-Database": address.db, "Content-Type": "application/json; charset=utf-8"})
        self.version = self._version()
        user = self._result("res.users", "context_get", {})
        if not isinstance(user, dict) or "uid" not in user:
            raise self._no_odoo()
        self.lang, self.uid = user.get("lang") or None, user["uid"]
        self._doing, self._timeout_s = "", address.timeout_s

    def call(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        """One call of a model method; `ids` goes in the body like the arguments."""
        self._doing = f"al leer {model} ({method})"
        return self._result(model, method, arguments)

    def page(self, model: str, arguments: Mapping[str, Any]) -> page.Page:
        """One `search_read` by id, its rows not parsed yet."""
        self._doing = f"al leer {model} (search_read)"
        body = self._post(model, "search_read", {**arguments, "order": "id", "load": None})
        return page.glance(body, page.BARE) or whole_page(self._parsed(body))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _version(self) -> int:
        """Odoo's major version, asked before the key is sent. Raises SourceError when it has no JSON-2."""
        answer = self._send("GET", "/web/version")
        try:
            said = str(answer.json()["version_info"][0]) if answer.status_code == 200 else "0"  # 19, or saas~19
            version = int(re.search(r"\d+", said)[0])
        except (ValueError, LookupError, TypeError):
            version = 0
        if version < FIRST_VERSION:
            raise SourceError(
                f"{self.address.where} no ofrece JSON-2, que existe desde Odoo {FIRST_VERSION}. Ponga ODOO_TRANSPORT=rpc, o revise ODOO_URL.")
        return version

    def _result(self, model: str, method: str, arguments: Mapping[str, Any]) -> Any:
        return self._parsed(self._post(model, method, arguments))

    def _parsed(self, body: bytes) -> Any:
        try:
            return page.parse(body)
        except ValueError:
            raise self._no_odoo() from None

    def _no_odoo(self) -> SourceError:
        kind = SourceError if self._doing == LOGGING_IN else Unanswered
        return kind(f"{self.address.where} dio una respuesta que no es JSON-2 de Odoo {self._doing}. Revise ODOO_URL.")

    def _post(self, model: str, method: str, arguments: Mapping[str, Any]) -> bytes:
        answer = self._send("POST", f"/json/2/{model}/{method}", orjson.dumps(dict(arguments)), _Bearer(self.address.password))
        if answer.status_code != 200:
            raise self._refusal(answer)
        return answer.content

    def _send(self, verb: str, path: str, body: bytes | None = None, auth: AuthBase | None = None) -> requests.Response:
        """The whole answer, whatever its status; no redirection is followed. Raises Unanswered, Unreachable or SourceError."""
        try:
            answer = self._http.request(
                verb, self._base + path, data=body, auth=auth or _no_credentials, timeout=self._timeout_s, allow_redirects=False)
        except requests.RequestException as error:
            found = (network_failure(self.address, reason, self._doing, self._timeout_s) for reason in _reasons(error))
            failure = next((f for f in found if f is not None), None)
            raise failure or SourceError(f"{self.address.where}: error inesperado {self._doing} ({type(error).__name__}).") from None
        self._clock.heard(answer.headers.get("Date"))
        if answer.status_code in GATEWAY_CODES:
            raise gateway_failure(self.address, answer.status_code, self._doing)
        if answer.is_redirect:
            raise SourceError(f"{self.address.where} manda a otra dirección ({answer.headers['Location'][:200]}). Ponga en ODOO_URL la definitiva.")
        return answer

    def _refusal(self, answer: requests.Response) -> SourceError:
        """What an HTTP status of 4xx or 5xx means; Odoo's own are JSON: name, message, arguments, context, debug."""
        where, doing, code = self.address.where, self._doing, answer.status_code
        try:
            said = answer.json()
            name, text = str(said["name"]).rsplit(".", 1)[-1], self.address.without_secret(str(said["message"]))
        except (ValueError, LookupError, TypeError):
            name, text = "", ""
        if code == 401 or name == "AccessDenied":
            if doing != LOGGING_IN:
                return key_expired(self.address, "API", doing, "ODOO_API_KEY")
            return CredentialRefused(
                f"{where} no acepta la clave de API: es otra, venció o fue revocada {RENEW} ODOO_API_KEY. Una contraseña no sirve con JSON-2.")
        if name == "AccessError":
            return AccessRefused(f"{where}: el usuario de la clave no tiene permiso {doing}. Odoo dice: {text}")
        if name:
            return SourceError(f"{where} rechazó la consulta {doing}. Odoo dice: {name}: {text}")
        if code == 404 and doing == LOGGING_IN:
            return SourceError(f"{where} no tiene esa base de datos, o no ofrece JSON-2 en ella. Revise ODOO_DB.")
        return SourceError(
            f"{where} respondió HTTP {code} {doing}. Revise ODOO_URL: ahí no parece contestar Odoo, o un proxy no deja pasar /json/2.")


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reasons(error: BaseException | None) -> Iterator[BaseException]:
    """What lies below an exception of requests: the ones of Python that made it."""
    while error is not None:
        if isinstance(error, OSError | http.client.HTTPException) and not isinstance(error, requests.RequestException):
            yield error
        error = error.__cause__ or error.__context__


class OdooJson2(OdooApi):
    """Odoo over JSON-2."""

    log_in = Json2Session
