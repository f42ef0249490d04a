"""Connections to the warehouse by role, its bootstrap, and named advisory locks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from caudal.secrets import get_or_create
from caudal.settings import Role, settings

SQL_DIR = Path(__file__).parent / "sql"
DATABASE = "caudal"
ROLES = ("load", "transform", "read", "pii")


class WarehouseUnavailable(RuntimeError):
    """The warehouse does not answer; the message says where it was sought and what to do."""


def connect(role: Role = "owner", dbname: str | None = None, autocommit: bool = False) -> psycopg.Connection:
    """A connection as `role`. Raises WarehouseUnavailable (without the password) when the server does not answer."""
    try:
        return psycopg.connect(settings().warehouse_url(role, dbname), autocommit=autocommit, application_name=f"caudal:{role}")
    except psycopg.OperationalError as error:
        raise WarehouseUnavailable(
            f"The warehouse does not answer as role {role!r}: {str(error).strip()}. "
            "Run `caudal postgres start`, or check CAUDAL_WAREHOUSE_URL."
        ) from None


def ensure_server() -> None:
    """Start the embedded server unless the warehouse is external."""
    if settings().external_warehouse is None:
        from caudal.postgres import EmbeddedPostgres

        EmbeddedPostgres(settings().home).start()


def ensure_database(name: str) -> None:
    """Create database `name` on the warehouse's server when it is not there."""
    server = "postgres" if settings().external_warehouse is None else None
    with connect(dbname=server, autocommit=True) as conn, advisory_lock(conn, f"create database {name}"):
        if conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def ensure() -> None:
    """Start the embedded server, and bootstrap where this version of the SQL has not been applied yet.

    For commands that may run while others read and load: where there is nothing to do, nothing is locked.
    """
    ensure_server()
    try:
        with connect("load") as conn:
            applied = conn.execute("select to_regclass('ops.bootstrap') is not null").fetchone()[0] and conn.execute(
                "select fingerprint from ops.bootstrap").fetchone()
    except WarehouseUnavailable:  # no such role yet
        applied = None
    if not applied or applied[0] != _fingerprint():
        bootstrap()


def _fingerprint() -> str:
    """Of the SQL that makes a warehouse."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(SQL_DIR.glob("*.sql")))).hexdigest()


def bootstrap() -> None:
    """Create database, roles, schemas and `ops` tables; safe to repeat. The SQL is `caudal/sql/*.sql`, in order of name."""
    ensure_server()
    if settings().external_warehouse is None:
        ensure_database(DATABASE)
    with connect() as conn, advisory_lock(conn, "bootstrap"):
        for role in ROLES:
            ensure_role(conn, f"caudal_{role}")
        for path in sorted(SQL_DIR.glob("*.sql")):
            try:
                conn.execute(path.read_text().encode())
            except psycopg.Error as error:
                raise RuntimeError(f"{path.name}: {error}") from error
        conn.execute("delete from ops.bootstrap")
        conn.execute("insert into ops.bootstrap (fingerprint) values (%s)", [_fingerprint()])


def ensure_role(conn: psycopg.Connection, name: str) -> None:
    """Create the log-in role `name` with this home's secret of that name, or give it that password; the caller's role becomes a member.

    Membership is what lets an owner that is no superuser set the role's default privileges and hand it a database.
    """
    role, password = sql.Identifier(name), sql.Literal(get_or_create(settings().home, name))
    exists = conn.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
    conn.execute(sql.SQL("{} role {} login password {}").format(sql.SQL("alter" if exists else "create"), role, password))
    if not conn.execute("select pg_has_role(current_user, %s, 'usage')", [name]).fetchone()[0]:
        conn.execute(sql.SQL("grant {} to current_user").format(role))


@contextmanager
def advisory_lock(conn: psycopg.Connection, name: str, wait: bool = True) -> Iterator[bool]:
    """Hold the session-level advisory lock `name` on `conn`. Yields whether it is held (always True with `wait`)."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    if wait:
        conn.execute("select pg_advisory_lock(%s)", [key])
        held = True
    else:
        held = conn.execute("select pg_try_advisory_lock(%s)", [key]).fetchone()[0]
    try:
        yield held
    finally:
        if held and not conn.closed:
            if conn.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                conn.rollback()
            conn.execute("select pg_advisory_unlock(%s)", [key])
