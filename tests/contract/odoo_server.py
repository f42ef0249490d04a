"""A server under contract, and two ways to talk to it: the odoorpc package, and bare JSON-RPC."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import odoorpc


@dataclass(frozen=True)
class Server:
    """Where the server is and how to log in."""

    url: str
    db: str
    user: str
    password: str

    def connect(self) -> odoorpc.ODOO:
        """A client of the real package, not logged in."""
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        return odoorpc.ODOO(parts.hostname, "jsonrpc+ssl" if secure else "jsonrpc", parts.port or (443 if secure else 80), timeout=60)

    def login(self) -> odoorpc.ODOO:
        """A logged-in client."""
        odoo = self.connect()
        odoo.login(self.db, self.user, self.password)
        return odoo

    def post(self, service: str, method: str, *args: Any, path: str = "/jsonrpc") -> tuple[int, dict[str, Any]]:
        """A bare JSON-RPC call: HTTP status and body."""
        body = {"jsonrpc": "2.0", "method": "call", "id": 7, "params": {"service": service, "method": method, "args": list(args)}}
        request = urllib.request.Request(self.url.rstrip("/") + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
