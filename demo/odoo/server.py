"""The stand-in of Odoo 18 (`StandIn(dsn, version="19.0")`: 19), from the outside: start it, stop it, log in to it, make it misbehave.

    with StandIn(dsn) as server:
        odoo = odoorpc.ODOO("127.0.0.1", port=server.port)
        odoo.login(server.db, server.user, server.password)
        with server.knobs.set(page_limit=500):
            ...
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict

from caudal import ports
from caudal.secrets import get_or_create
from caudal.services import Service
from caudal.settings import ROOT, settings
from demo.odoo import process
from demo.odoo.auth import ensure_password, generate_key
from demo.odoo.knobs import Knobs

START_TIMEOUT_S = 60
SOURCE_DATABASE = "odoo_demo"
DEFAULT_USER = "caudal"  # the synthetic utility's user for replication
DEFAULT_WORKERS = 2


class StandInError(RuntimeError):
    """The stand-in did not come up; the message ends with its log."""


def password_of(login: str) -> str:
    """The password of a demo user: `CAUDAL_PASSWORD_ODOO_<LOGIN>`, or the one made for this home."""
    return get_or_create(settings().home, f"odoo_{login}")


class StandIn:
    """A running stand-in over the source database of `dsn`, in processes of its own.

    `port` 0 takes a free one. `knobs` are initial faults (see demo/odoo/knobs.py); change them later with `.knobs`.
    `user` must exist in res_users; its password there is set to `password` (default: the secret `odoo_<user>`).
    """

    def __init__(self, dsn: str, workers: int = DEFAULT_WORKERS, port: int = 0, *, host: str = "127.0.0.1", user: str = DEFAULT_USER,
                 password: str | None = None, **knobs: Any) -> None:
        self.dsn, self.workers, self.host, self.user = dsn, workers, host, user
        self.db = conninfo_to_dict(dsn)["dbname"]
        self.port = port
        self._password = password
        self._initial = knobs
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._lifeline: int | None = None

    @property
    def password(self) -> str:
        return self._password or password_of(self.user)

    def api_key(self, name: str = "Caudal", days: float = 30, login: str | None = None) -> str:
        """A new API key of the user (default: the replication user), which ends in so many days, 90 at most (negative: it has ended)."""
        return generate_key(self.dsn, login or self.user, name, datetime.now(UTC) + timedelta(days=days))

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return (self._folder / "log").read_text(errors="replace") if self._folder else ""

    def start(self) -> Self:
        """Start and wait until it answers. Raises StandInError with the log when it does not, LookupError without the user."""
        if self._process is not None:
            return self
        ensure_password(self.dsn, self.user, self.password)
        self._folder = Path(tempfile.mkdtemp(prefix="caudal-odoo-"))
        self.knobs = Knobs(self._folder / "knobs.json", **self._initial)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(128)
            self.port = listener.getsockname()[1]
            self._spawn(listener)
        self._wait()
        return self

    def _spawn(self, listener: socket.socket) -> None:
        theirs, ours = os.pipe()
        environment = {**os.environ, process.DSN: self.dsn, process.WORKERS: str(self.workers), process.BIND: f"fd://{listener.fileno()}",
                       process.KNOBS: str(self._folder / "knobs.json"), process.LIFELINE: str(theirs)}
        with open(self._folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "demo.odoo.process"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, pass_fds=[listener.fileno(), theirs], start_new_session=True)
        os.close(theirs)
        self._lifeline = ours

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers(self.url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.log
                self.stop()
                raise StandInError(f"The stand-in of Odoo does not answer on {self.url}:\n{log[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; nothing happens when it is not running."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._lifeline)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._process = self._folder = self._lifeline = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def answers(url: str) -> bool:
    """Whether an Odoo (or its stand-in) answers there."""
    try:
        with urllib.request.urlopen(f"{url}/web/health", timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def serve_forever(dsn: str, host: str = "127.0.0.1", port: int = 8069, workers: int = DEFAULT_WORKERS, user: str = DEFAULT_USER) -> None:
    """Serve in the foreground until interrupted: `caudal demo serve`."""
    ensure_password(dsn, user, password_of(user))
    process.main({process.DSN: dsn, process.BIND: f"{host}:{port}", process.WORKERS: str(workers)})


def source_dsn() -> str:
    """The source database of this home."""
    return settings().warehouse_url("owner", SOURCE_DATABASE)


def service_port() -> int:
    """The port of this home's background stand-in: kept while it runs and between starts, unless another program has taken it meanwhile."""
    path = settings().home / "services" / "odoo.port"
    return int(path.read_text()) if Service("odoo", [], lambda: True).is_running() else ports.remembered(path)


def service() -> Service:
    """The stand-in as a background program of this home (`make demo`). Its user's password is set when it is started."""
    port = service_port()
    return Service("odoo", [sys.executable, "-m", "demo.odoo.serve", str(port)], lambda: answers(f"http://127.0.0.1:{port}"), cwd=ROOT)


def environment() -> dict[str, str]:
    """The settings that point at this home's background stand-in."""
    return {"ODOO_URL": f"http://127.0.0.1:{service_port()}", "ODOO_DB": SOURCE_DATABASE, "ODOO_USER": DEFAULT_USER,
            "ODOO_PASSWORD": password_of(DEFAULT_USER)}


__all__ = ["StandIn", "StandInError", "environment", "password_of", "serve_forever", "service"]
