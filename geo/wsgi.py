"""The endpoint's WSGI application: pygeoapi behind a password, answering JSON alone. Started by geo/serve.py, which sets the environment."""

from __future__ import annotations

import hmac
import os
from base64 import b64decode
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import yaml
from pygeoapi.openapi import get_oas

_OPENAPI = Path(os.environ["PYGEOAPI_OPENAPI"])
_OPENAPI.write_text(yaml.safe_dump(get_oas(yaml.safe_load(Path(os.environ["PYGEOAPI_CONFIG"]).read_text(encoding="utf-8")))), encoding="utf-8")

from pygeoapi.flask_app import APP

PASSWORD = os.environ.get("CAUDAL_GEO_PASSWORD", "")


def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """JSON whatever the client asks for, to whoever knows the password (where there is one)."""
    if PASSWORD and not _knows(environ.get("HTTP_AUTHORIZATION", "")):
        start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="Caudal"'), ("Content-Type", "text/plain; charset=utf-8")])
        return ["Hace falta la contraseña de las capas (CAUDAL_GEO_PASSWORD).\n".encode()]
    environ["HTTP_ACCEPT"] = "application/json"
    asked = [(k, "json" if k == "f" and v == "html" else v) for k, v in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)]
    environ["QUERY_STRING"] = urlencode(asked)
    return APP(environ, start_response)


def _knows(header: str) -> bool:
    scheme, _, value = header.partition(" ")
    try:
        given = b64decode(value, validate=True).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return False
    return hmac.compare_digest(given.encode(), PASSWORD.encode())
