"""The server process: gunicorn with synchronous workers, as Odoo's own prefork server has.

`python -m demo.odoo.process` reads what it needs from the environment, never from arguments: the DSN holds a password.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import gunicorn.util
from gunicorn.app.base import BaseApplication

from demo.odoo.app import Application

DSN, WORKERS, BIND, KNOBS, LIFELINE = ("CAUDAL_STANDIN_" + n for n in ("DSN", "WORKERS", "BIND", "KNOBS", "LIFELINE"))


class Server(BaseApplication):
    """gunicorn around one Application. `bind` is host:port or fd://N."""

    def __init__(self, application: Application, bind: str, workers: int) -> None:
        self.application, self.options = application, {
            "bind": bind, "workers": workers, "worker_class": "sync", "timeout": 300, "graceful_timeout": 5, "loglevel": "warning",
            "proc_name": "caudal-odoo", "control_socket_disable": True, "preload_app": True,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        return self.application


def end_with_parent(lifeline: int) -> None:
    """Stop when the other end of the pipe closes: a parent killed with -9 leaves no server behind."""
    def wait() -> None:
        os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def date_by(application: Application) -> None:
    """Let the knobs set the clock of the Date header, which gunicorn writes and no application can."""
    true_date = gunicorn.util.http_date

    def http_date(timestamp: float | None = None) -> str:
        return true_date((time.time() if timestamp is None else timestamp) + application.watcher.state.clock_offset_s)

    gunicorn.util.http_date = http_date


def main(environ: Any = os.environ) -> None:
    """Serve until told to stop."""
    knobs = environ.get(KNOBS)
    if environ.get(LIFELINE):
        end_with_parent(int(environ[LIFELINE]))
    application = Application(environ[DSN], Path(knobs) if knobs else None)
    date_by(application)
    Server(application, environ[BIND], int(environ.get(WORKERS, "2"))).run()


if __name__ == "__main__":
    main()
