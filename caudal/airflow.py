"""Airflow 3 of this installation: scheduler, DAG processor and API server on loopback, run as `caudal.services.Service`s.

Reads: `dags/`, `caudal.secrets`. Writes: `<home>/airflow` (AIRFLOW_HOME: port, logs, password file) and the database `airflow` on the
warehouse's server, owned by its own role `caudal_airflow`. No triggerer: no task here is deferrable.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from psycopg import sql

from caudal import ports, warehouse
from caudal.airflow_api import AirflowApi, AirflowError
from caudal.airflow_run import CHAIN, ChainSummary, run_chain
from caudal.secrets import get_or_create
from caudal.services import Service
from caudal.settings import ROOT, settings

DATABASE, ROLE, USER = "airflow", "caudal_airflow", "caudal"
DAGS = ROOT / "dags"
# what the tasks inherit: when one of these changes, the running services are stale and start() replaces them
INHERITED = ("CAUDAL_", "ODOO_", "SUPERSET_", "DBT_")


def home() -> Path:
    """AIRFLOW_HOME."""
    return settings().home.resolve() / "airflow"


def url() -> str:
    """Address of the user interface and REST API (loopback). Raises AirflowError when Airflow was never started here."""
    try:
        return f"http://127.0.0.1:{int((home() / 'port').read_text())}"
    except FileNotFoundError:
        raise AirflowError(f"Airflow was never started under {home()}: run `caudal airflow start`.") from None


def password() -> str:
    """Password of the user interface's only user, `caudal.airflow.USER`."""
    return get_or_create(settings().home, "airflow_admin")


def pools() -> dict[str, dict[str, Any]]:
    """The pools of `dags/pools.json`; `CAUDAL_SOURCE_SLOTS` says how many entities are read from Odoo at once. Raises AirflowError when it is no number."""
    made = json.loads((DAGS / "pools.json").read_text())
    slots = os.environ.get("CAUDAL_SOURCE_SLOTS", str(made["odoo"]["slots"]))
    if not slots.isdigit() or int(slots) < 1:
        raise AirflowError(f"CAUDAL_SOURCE_SLOTS={slots!r}: write how many requests Odoo stands at once, 1 or more.")
    made["odoo"]["slots"] = int(slots)
    return made


def environment() -> dict[str, str]:
    """Airflow's whole configuration as environment variables, which win over the airflow.cfg that Airflow writes for itself."""

    def secret(name: str) -> str:
        return get_or_create(settings().home, f"airflow_{name}")

    connection = settings().warehouse_url("airflow", DATABASE)  # type: ignore[arg-type]  # one role more than the warehouse's own
    options = {
        "core": {
            "dags_folder": DAGS, "load_examples": False, "executor": "LocalExecutor", "parallelism": 1 + pools()["odoo"]["slots"],
            "default_timezone": settings().timezone,
            "simple_auth_manager_users": f"{USER}:admin", "simple_auth_manager_passwords_file": home() / "passwords.json",
            "execution_api_server_url": f"{url()}/execution/", "fernet_key": _fernet(secret("fernet")),
            "test_connection": "Disabled", "max_active_runs_per_dag": 1,
        },
        "database": {"sql_alchemy_conn": connection.replace("postgresql://", "postgresql+psycopg2://", 1), "sql_alchemy_pool_size": 3},
        "api": {"host": "127.0.0.1", "port": url().rsplit(":", 1)[1], "base_url": url(), "workers": 1, "secret_key": secret("api"),
                "expose_config": False},
        "api_auth": {"jwt_secret": secret("jwt")},
        "scheduler": {"scheduler_idle_sleep_time": 0.5, "enable_health_check": False, "catchup_by_default": False},
        "dag_processor": {"parsing_processes": 1, "min_file_process_interval": 60, "print_stats_interval": 0},
        "logging": {"base_log_folder": home() / "logs"},
        "usage_data_collection": {"enabled": False},
        "metrics": {"statsd_on": False},
    }
    variables = {f"AIRFLOW__{section.upper()}__{key.upper()}": str(value) for section, keys in options.items() for key, value in keys.items()}
    python_path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH", "")) if p)
    return {**variables, "AIRFLOW_HOME": str(home()), "PYTHONPATH": python_path, "DO_NOT_TRACK": "1", "CAUDAL_HOME": str(settings().home.resolve())}


def start(log: Callable[[str], None] = lambda line: None) -> str:
    """Bring Airflow up, or leave it as it is when it already runs with the present environment; its address.

    Raises ServiceError (with the tail of the log) when a component does not come up, AirflowError when the metadata cannot be migrated.
    """
    home().mkdir(parents=True, exist_ok=True)
    _choose_port()
    _ensure_metadata_database()
    _write_passwords()
    services = _services()
    fingerprint = _fingerprint()
    marker = home() / "environment.sha256"
    running = [s for s in services if s.is_running()]
    if running and (len(running) < len(services) or not marker.exists() or marker.read_text() != fingerprint):
        log("Airflow: the environment changed, restarting")
        stop()
    _migrate(log)
    log("Airflow: starting the API server, the DAG processor and the scheduler")
    with ThreadPoolExecutor(len(services)) as pool:  # together: each spends seconds in imports
        list(pool.map(Service.start, services))
    marker.write_text(fingerprint)
    api().ensure_pools(pools())
    log(f"Airflow: ready at {url()}")
    return url()


def stop() -> list[str]:
    """Stop every component; the names of those that ran. Running tasks end with their scheduler and are retried at the next start."""
    services = _services()
    with ThreadPoolExecutor(len(services)) as pool:
        return [service.name for service, stopped in zip(services, pool.map(Service.stop, services), strict=True) if stopped]


def api() -> AirflowApi:
    """A client of the running REST API."""
    return AirflowApi(url(), USER, password())


def run_once(timeout: float = 900, log: Callable[[str], None] = print, first: str = CHAIN[0]) -> ChainSummary:
    """Run the chain once, from the DAG `first` on (see `caudal.airflow_run.run_chain`), starting Airflow for it, and stopping it again, when it does not run."""
    was_running = is_running()
    start(log)
    try:
        return run_chain(api(), home() / "logs", timeout, log, first)
    finally:
        if not was_running:
            stop()


def is_running() -> bool:
    """Whether every component runs."""
    return all(service.is_running() for service in _services())


def _services() -> list[Service]:
    env = environment() if (home() / "port").exists() else {}

    def service(name: str, *arguments: str, ready: Callable[[], bool]) -> Service:
        return Service(f"airflow-{name}", [sys.executable, "-m", "airflow", name, *arguments], ready, env, timeout_s=120, cwd=home())

    return [
        service("api-server", ready=lambda: _healthy("metadatabase")),
        service("dag-processor", ready=lambda: _healthy("dag_processor")),
        # the logs are files on this machine: no log server, hence no second port
        service("scheduler", "--skip-serve-logs", ready=lambda: _healthy("scheduler")),
    ]


def _healthy(component: str) -> bool:
    try:
        answer = requests.get(f"{url()}/api/v2/monitor/health", timeout=5)
        return answer.ok and answer.json().get(component, {}).get("status") == "healthy"
    except (requests.RequestException, ValueError):
        return False


def _choose_port() -> None:
    """Our port, kept while we run and between starts, unless another program has taken it meanwhile."""
    if not Service("airflow-api-server", [], lambda: True).is_running():
        ports.remembered(home() / "port")


def _ensure_metadata_database() -> None:
    """Role `caudal_airflow` and database `airflow`, which it owns (PostgreSQL lets a database's owner create in its schema public)."""
    warehouse.ensure_server()
    warehouse.ensure_database(DATABASE)
    with warehouse.connect(dbname=DATABASE) as conn, warehouse.advisory_lock(conn, "role caudal_airflow"):
        warehouse.ensure_role(conn, ROLE)
        conn.execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))


def _write_passwords() -> None:
    path = home() / "passwords.json"
    if not path.exists():
        path.touch(mode=0o600)
    path.write_text(json.dumps({USER: password()}))


def _migrate(log: Callable[[str], None]) -> None:
    """`airflow db migrate`, skipped when this Airflow has already migrated this very database (it costs 10 s)."""
    from importlib.metadata import version

    marker = home() / "migrated"
    with warehouse.connect(dbname=DATABASE) as conn:
        has_table = conn.execute("select to_regclass('alembic_version')").fetchone()[0]
        heads = [row[0] for row in conn.execute("select version_num from alembic_version")] if has_table else []
    wanted = f"{version('apache-airflow-core')} {' '.join(heads)}"
    if heads and marker.exists() and marker.read_text() == wanted:
        return
    log("Airflow: preparing its database")
    done = subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=False, env={**os.environ, **environment()},
                          cwd=home(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise AirflowError("`airflow db migrate` failed:\n" + "\n".join(done.stdout.splitlines()[-20:]))
    with warehouse.connect(dbname=DATABASE) as conn:
        heads = [row[0] for row in conn.execute("select version_num from alembic_version")]
    marker.write_text(f"{version('apache-airflow-core')} {' '.join(heads)}")


def _fernet(secret: str) -> str:
    """A Fernet key (32 bytes, url-safe base64) derived from a secret of ours."""
    import base64

    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode()


def _fingerprint() -> str:
    inherited = {k: v for k, v in os.environ.items() if k.startswith(INHERITED)}
    return hashlib.sha256(json.dumps({**inherited, **environment()}, sort_keys=True).encode()).hexdigest()
