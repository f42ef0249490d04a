"""Superset as a background program of this installation: metadata database, users, and the web server on a loopback port.

Writes: database `superset` on the warehouse's server, `<home>/superset` (port, caches), `<home>/services/superset.*`.
Its interpreter is `.venvs/superset` of the checkout, or CAUDAL_SUPERSET_VENV. The port is CAUDAL_SUPERSET_PORT, or a free one that is
remembered.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import requests
from psycopg import sql

from caudal import access, ports, warehouse
from caudal.access import Access
from caudal.secrets import get_or_create
from caudal.services import Service
from caudal.settings import settings

from .setup_names import ADMIN, MANAGER

_CODE = [
    "superset_config.py", "base_map.py", "event_log.py", "offline.py", "rate_store.py", "remembered.py", "security.py", "security_names.py", "setup_names.py",
]
DATABASE = "superset"
ROLE = "caudal_superset"
HERE = Path(__file__).resolve().parent


class SupersetSetupError(RuntimeError):
    """Superset could not be installed or set up; the message says what to do."""


def folder() -> Path:
    """Where Superset keeps what belongs to this installation."""
    return settings().home / "superset"


def venv() -> Path:
    """Superset's environment. Raises SupersetSetupError when it is not there."""
    path = Path(os.environ.get("CAUDAL_SUPERSET_VENV") or settings().root / ".venvs" / "superset")
    if not (path / "bin" / "gunicorn").exists():
        raise SupersetSetupError(f"Superset no está instalado en {path}: ejecute `make setup`, o indique CAUDAL_SUPERSET_VENV.")
    return path


def url() -> str:
    """Address of the server of this home (it may not be running). Raises SupersetSetupError when it never started."""
    port_file = folder() / "port"
    if not port_file.exists():
        raise SupersetSetupError("Superset todavía no se ha iniciado: ejecute `caudal superset start`.")
    return f"http://127.0.0.1:{int(port_file.read_text())}"


def admin_password() -> str:
    """Password of user `admin` (CAUDAL_PASSWORD_SUPERSET_ADMIN, or made at the first start)."""
    return get_or_create(settings().home, "superset_admin")


def manager_password() -> str:
    """Password of user `gerencia`, who only looks (CAUDAL_PASSWORD_SUPERSET_GERENCIA, or made at the first start)."""
    return get_or_create(settings().home, "superset_gerencia")


def start(progress: Callable[[str], None] = lambda line: None) -> str:
    """Set Superset up where needed, start it and return its address. Running and unchanged, it is left as it is.

    Raises SupersetSetupError, caudal.services.ServiceError (it does not answer) or caudal.warehouse.WarehouseUnavailable.
    """
    python = venv() / "bin" / "python"
    folder().mkdir(parents=True, exist_ok=True)
    warehouse.ensure()
    service, mark = _service(), folder() / "running"
    fingerprint = _fingerprint()
    if service.is_running() and (not mark.exists() or mark.read_text() != fingerprint):
        progress("La configuración de Superset cambió: se reinicia.")
        service.stop()
    if not service.is_running():
        _prepare(python, progress)
        (folder() / "port").write_text(str(_port()))
        progress("Iniciando Superset…")
        service = _service()
    service.start()
    mark.write_text(fingerprint)
    return url()


def stop() -> bool:
    """Stop the server; whether it was running."""
    (folder() / "running").unlink(missing_ok=True)
    return _service().stop()


def is_running() -> bool:
    """Whether this home's server lives."""
    return _service().is_running()


def _service() -> Service:
    port_file = folder() / "port"
    port = port_file.read_text() if port_file.exists() else "0"
    command = [
        str(venv() / "bin" / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", os.environ.get("CAUDAL_SUPERSET_WORKERS", "2"),
        "--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--keep-alive", "30", "--log-level", "warning", "superset.app:create_app()",
    ]

    def ready() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=3).ok
        except requests.RequestException:
            return False

    return Service("superset", command, ready, env=_env(), timeout_s=180, cwd=settings().root)


def _env() -> dict[str, str]:
    home = settings().home
    return {
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "SUPERSET_HOME": str(folder()),
        "FLASK_APP": "superset.app:create_app()",
        "PYTHONPATH": str(settings().root),
        "PYTHONUNBUFFERED": "1",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
        "CAUDAL_SUPERSET_SECRET_KEY": get_or_create(home, "superset_secret_key"),
        "CAUDAL_SUPERSET_GUEST_SECRET": get_or_create(home, "superset_guest_secret"),
        "CAUDAL_SUPERSET_METADATA_URI": metadata_uri(),
        "CAUDAL_SUPERSET_READ_URI": sqlalchemy_uri("caudal_read", get_or_create(home, "caudal_read")),
        "CAUDAL_SUPERSET_CACHE_DIR": str(folder() / "cache"),
    }


def metadata_uri() -> str:
    """SQLAlchemy address of Superset's own database, as its own role (holds a password: never to be shown)."""
    return sqlalchemy_uri(ROLE, get_or_create(settings().home, ROLE), DATABASE)


def sqlalchemy_uri(user: str, password: str, database: str | None = None) -> str:
    """`postgresql+psycopg2://…` on the warehouse's server, with the query string (sslmode…) of its own address; on its replica for who only reads."""
    parts = urlsplit(settings().warehouse_url("read" if user == "caudal_read" else "owner", database))
    host = parts.netloc.rsplit("@", 1)[-1]
    query = f"?{parts.query}" if parts.query else ""
    return f"postgresql+psycopg2://{quote(user, safe='')}:{quote(password, safe='')}@{host}{parts.path}{query}"


def _port() -> int:
    """CAUDAL_SUPERSET_PORT, or the remembered port where it is free, else another free one."""
    wanted = os.environ.get("CAUDAL_SUPERSET_PORT")
    if not wanted:
        return ports.remembered(folder() / "port")
    if not ports.is_free(int(wanted)):
        raise SupersetSetupError(f"El puerto {wanted} (CAUDAL_SUPERSET_PORT) está ocupado por otro programa.")
    return int(wanted)


def _fingerprint() -> str:
    """What the running server was started with: version, configuration, addresses (hashed: it holds passwords)."""
    told = {k: v for k, v in os.environ.items() if k.startswith("CAUDAL_SUPERSET_")}
    return _digest(_CODE, [f"{k}={v}" for k, v in sorted({**told, **_env()}.items())])


def _setup_fingerprint() -> str:
    """What permissions and users were made from. The address of the database is not part of it: a restart may change its port."""
    return _digest(["superset_config.py", "rate_store.py", "setup_metadata.py", "setup_names.py"], [admin_password(), manager_password()])


def _digest(names: list[str], values: list[str]) -> str:
    digest = hashlib.sha256(version().encode())
    for name in names:
        digest.update((HERE / name).read_bytes())
    digest.update("|".join(values).encode())
    return digest.hexdigest()


def version() -> str:
    """The installed Superset's. Raises SupersetSetupError."""
    found = sorted(venv().glob("lib/python*/site-packages/apache_superset-*.dist-info"))
    if not found:
        raise SupersetSetupError(f"En {venv()} no está apache-superset: ejecute `make setup`.")
    return found[-1].name.split("-")[1].removesuffix(".dist")


def _prepare(python: Path, progress: Callable[[str], None]) -> None:
    """Database, role, schema and users; done once for a version and configuration (the mark lives in that database)."""
    fingerprint = _setup_fingerprint()
    warehouse.ensure_database(DATABASE)
    with warehouse.connect(dbname=DATABASE) as conn, warehouse.advisory_lock(conn, "superset setup"):
        warehouse.ensure_role(conn, ROLE)
        conn.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(ROLE)))
        conn.execute("create table if not exists caudal_setup (key text primary key, value text not null)")
        # What `caudal superset publish` put there: the only things it will ever take away again.
        conn.execute("create table if not exists caudal_published (uuid uuid primary key, kind text not null, slug text not null)")
        conn.execute("alter table caudal_published add column if not exists digest text")  # of the document that was sent (pending.py)
        if conn.execute("insert into caudal_setup values ('first users', '') on conflict do nothing returning 1").fetchone():
            # Once: an access taken away later stays away.
            access.grant_all([Access(ADMIN, "administracion"), Access(MANAGER, "gerencia")], by="caudal superset start")
        done = conn.execute("select value from caudal_setup where key = 'fingerprint'").fetchone()
        if done == (fingerprint,):
            return
        conn.commit()
        progress(f"Preparando la base de datos, los permisos y los usuarios de Superset {version()}…")
        secrets = {"CAUDAL_SUPERSET_ADMIN_PASSWORD": admin_password(), "CAUDAL_SUPERSET_MANAGER_PASSWORD": manager_password()}
        _run([str(python), "-m", "superset_assets.setup_metadata"], "preparación de Superset", secrets)
        conn.execute(
            "insert into caudal_setup values ('fingerprint', %s) on conflict (key) do update set value = excluded.value", [fingerprint]
        )


def _run(command: list[str], what: str, env: dict[str, str] | None = None) -> None:
    """Run a step of the set-up; its output goes to `<home>/superset/setup.log`, whose tail the error carries."""
    log = folder() / "setup.log"
    with open(log, "ab") as out:
        done = subprocess.run(command, check=False, env={**os.environ, **_env(), **(env or {})}, cwd=settings().root, stdout=out, stderr=out)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise SupersetSetupError(f"`{what}` terminó con el código {done.returncode}; vea {log}:\n{tail}")
