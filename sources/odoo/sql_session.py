"""Connections to Odoo's own database: read-only, in UTC, never waiting for long; and the ways they fail, in Spanish and without a secret."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from sources.contract import SourceError
from sources.odoo.connection import AccessRefused, CredentialRefused, Unanswered, Unreachable
from sources.prints import SESSION

T = TypeVar("T")

APPLICATION = "caudal"  # what the source's administrator sees in pg_stat_activity, and what late.py knows our own sessions by
CONNECT_TIMEOUT_S = 20
LOCK_TIMEOUT = "30s"  # behind an ALTER TABLE of an upgrade: say so rather than stand in the queue, where others would wait behind us
ATTEMPTS = 5  # with WAIT: some ten seconds, enough for a server to restart
WAIT = wait_exponential_jitter(initial=0.3, max=10, jitter=0.3)
KEEPALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}


class Server:
    """One source database: makes sessions, keeps the idle ones, and says in Spanish what goes wrong. Thread-safe."""

    def __init__(self, url: str, statement_timeout_s: int) -> None:
        """Raises SourceError when the URL cannot be used; connects only when asked."""
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            given = {}
        if not given.get("dbname"):
            raise SourceError("ODOO_SQL_URL no sirve: escriba postgresql://usuario:clave@servidor:5432/base_de_odoo.")
        self.dbname, self.user = str(given["dbname"]), str(given.get("user", ""))
        self.where = f"PostgreSQL de Odoo ({given.get('host', 'local')}:{given.get('port', 5432)}, base {self.dbname}, rol {self.user})"
        defaults = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": APPLICATION, "client_encoding": "utf8", **KEEPALIVE}
        self._conninfo = make_conninfo(**{**defaults, **given})
        self.timeout_s = statement_timeout_s
        self.broken: SourceError | None = None
        self._idle: list[psycopg.Connection] = []
        self._busy: set[psycopg.Connection] = set()
        self._lock = threading.Lock()

    def take(self) -> psycopg.Connection:
        """A session for one thread, in autocommit; `begin` makes it a snapshot. Raises SourceError."""
        with self._lock:
            conn = self._idle.pop() if self._idle else None
        if conn is not None and conn.closed:
            conn = None
        if self.broken is not None:
            raise self.broken
        conn = conn or self.patiently(self._connect)
        with self._lock:
            self._busy.add(conn)
        return conn

    def give(self, conn: psycopg.Connection) -> None:
        """Give a session back; one that is in the middle of something is closed."""
        with suppress(psycopg.Error):
            if conn.info.transaction_status in (psycopg.pq.TransactionStatus.INTRANS, psycopg.pq.TransactionStatus.INERROR):
                conn.rollback()
        with self._lock:
            self._busy.discard(conn)
            if not conn.closed and conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                self._idle.append(conn)
                return
        conn.close()

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """A session for the length of a block."""
        conn = self.take()
        try:
            yield conn
        finally:
            self.give(conn)

    def patiently(self, action: Callable[[], T]) -> T:
        """`action`, again with growing waits while the server gives no whole answer: only for what may be done twice."""
        def may_help(error: BaseException) -> bool:
            return isinstance(error, Unanswered) and self.broken is None

        return Retrying(retry=retry_if_exception(may_help), stop=stop_after_attempt(ATTEMPTS), wait=WAIT, reraise=True)(action)

    @contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """psycopg's errors within the block as SourceError."""
        try:
            yield
        except psycopg.Error as error:
            raise self.broken or self._meaning(error, doing) from None

    def stop(self, reason: SourceError) -> None:
        """Make every later call raise `reason`, and what runs now end."""
        self.broken = reason
        with self._lock:
            busy = list(self._busy)
        for conn in busy:
            with suppress(psycopg.Error):
                conn.cancel_safe(timeout=5)

    def close(self) -> None:
        """Close what is idle; what is busy is closed by who holds it."""
        with self._lock:
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def _connect(self) -> psycopg.Connection:
        try:
            conn = psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise self._refusal(str(error)) from None
        with self.told("al iniciar la sesión"):
            # set, not options of the connection: pgbouncer refuses those
            conn.execute(sql.SQL(
                SESSION + "; set default_transaction_read_only to on; set statement_timeout to {}; set lock_timeout to {}; "
                "set idle_in_transaction_session_timeout to 0").format(sql.Literal(self.timeout_s * 1000), sql.Literal(LOCK_TIMEOUT)))
        return conn

    def _refusal(self, text: str) -> SourceError:
        """Why no session could be opened. libpq gives no code here, only its text, which holds no password."""
        if "authentication failed" in text or "no password supplied" in text:
            return CredentialRefused(f"{self.where} no acepta ese rol con esa contraseña. Revise ODOO_SQL_URL.")
        if "no pg_hba.conf entry" in text:
            return CredentialRefused(f"{self.where} no admite conexiones de este equipo: agregue una línea para él en pg_hba.conf.")
        if "does not exist" in text:
            return CredentialRefused(f"{self.where}: esa base o ese rol no existe. Revise ODOO_SQL_URL; el rol se crea con deploy/odoo_grants.sql.")
        if "permission denied for database" in text:
            return AccessRefused(f"{self.where}: el rol no puede entrar en la base. Falta GRANT CONNECT: aplique deploy/odoo_grants.sql.")
        if "starting up" in text or "shutting down" in text or "too many clients" in text or "remaining connection slots" in text:
            return Unanswered(f"{self.where} no admite otra sesión ahora: está arrancando, apagándose o lleno.")
        return Unreachable(f"{self.where} no responde. Revise que esté encendido, la red, el cortafuegos y ODOO_SQL_URL.")

    def _meaning(self, error: psycopg.Error, doing: str) -> SourceError:
        said = " ".join((error.diag.message_primary or "").split())[:300]
        if isinstance(error, errors.InsufficientPrivilege):
            return AccessRefused(f"{self.where}: al rol le falta permiso {doing} ({said}). Aplique de nuevo deploy/odoo_grants.sql.")
        if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
            return SourceError(f"{self.where}: falta una tabla o columna {doing} ({said}). Revise el mapeo, o si Odoo se está actualizando.")
        if isinstance(error, errors.LockNotAvailable):
            return SourceError(f"{self.where}: otra sesión tiene la tabla bloqueada desde hace {LOCK_TIMEOUT} {doing}. Suele ser una actualización de Odoo.")
        if isinstance(error, errors.QueryCanceled) and "recovery" not in str(error):
            return SourceError(
                f"{self.where}: la consulta pasó de {self.timeout_s:,} s {doing} y se canceló. Suba ODOO_SQL_TIMEOUT_S, o cree el índice por "
                "write_date que propone deploy/odoo_grants.sql.")
        if isinstance(error, errors.QueryCanceled | errors.SerializationFailure):
            return Unanswered(f"{self.where}: la réplica de lectura canceló la consulta {doing}. Active hot_standby_feedback en ese servidor.")
        if isinstance(error, psycopg.OperationalError):
            return Unanswered(f"{self.where} cortó la conexión {doing} ({said or type(error).__name__}). Vuelva a replicar.")
        return SourceError(f"{self.where} rechazó la consulta {doing}: {type(error).__name__}: {said}")


def copy_out(conn: psycopg.Connection, statement: sql.Composed, piece_bytes: int) -> Iterator[list[Buffer]]:
    """The rows of a COPY as text, in lists of about `piece_bytes`. Raises psycopg.Error.

    Rows that have arrived are taken from libpq itself, and psycopg is only asked to wait for more: row by row through psycopg the same
    costs twice the time of this process, which is as much as the source's own.
    """
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        get, rows, size = conn.pgconn.get_copy_data, [], 0
        while True:
            length, row = get(1)
            if length == 0:  # nothing there yet
                row = copy.read()
                length = len(row)
                if length == 0:  # psycopg has seen the end
                    break
            elif length < 0:
                results = list(iter(conn.pgconn.get_result, None))
                for result in results:
                    if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
                        raise errors.error_from_result(result)
                break
            rows.append(row)
            size += length
            if size >= piece_bytes:
                yield rows
                rows, size = [], 0
        if rows:
            yield rows
