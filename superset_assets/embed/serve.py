"""`caudal superset embed-example`: the page and its pass, on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..client import SupersetError
from ..guest import Pass

HERE = Path(__file__).resolve().parent
FILES = {"/": ("index.html", "text/html"), "/caudal_embed.js": ("caudal_embed.js", "text/javascript")}


def server(port: int, give_pass: Callable[[], Pass]) -> ThreadingHTTPServer:
    """A server that is ready to `serve_forever`. `give_pass` is called for each pass that the page asks for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, kind = FILES.get(self.path.split("?")[0], (None, None))
            if name is None:
                self._send(404, "text/plain", b"No se encontr\xc3\xb3")
            else:
                self._send(200, kind, (HERE / name).read_bytes())

        def do_POST(self) -> None:
            # Only this page's own script: a form of another site would carry another origin.
            if self.path != "/pase" or self.headers.get("Origin") != f"http://{self.headers.get('Host')}":
                self._send(403, "application/json", b'{"error": "pedido de otra p\xc3\xa1gina"}')
                return
            try:
                self._send(200, "application/json", json.dumps(asdict(give_pass())).encode())
            except SupersetError as error:
                self._send(502, "application/json", json.dumps({"error": str(error)}).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing: the tests' output stays clean."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
