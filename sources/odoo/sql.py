"""The transport `sql`: Odoo's own PostgreSQL, read by COPY straight into the warehouse, for utilities that host their database.

It applies no rights of Odoo's: what may be read is what deploy/odoo_grants.sql grants. All that a run reads of an entity, from
`resume_from` to `release`, is one moment of the source: a repeatable-read snapshot, held no longer than that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

import psycopg
from psycopg import sql

from caudal.settings import settings
from sources import prints
from sources.contract import Census, Column, Encoded, Entity, FieldInfo, Pulse, RangePrint, SourceError, Tally
from sources.odoo import sql_catalogue
from sources.odoo.connection import AccessRefused
from sources.odoo.sql_catalogue import Catalogue
from sources.odoo.sql_late import Horizon, horizon
from sources.odoo.sql_query import Query
from sources.odoo.sql_session import Server, copy_out
from sources.transports import Options

T = TypeVar("T")

PIECE_BYTES = 1 << 16  # with pieces of 1 MB, which leave the processor's cache, the same rows cost this process twice the time
KEYS_AT_ONCE = 50_000  # in one statement
ID_CHUNK = 100_000


def connect(options: Options) -> OdooSql:
    """The transport `sql`. Reads `ODOO_SQL_URL`, `ODOO_SQL_TIMEOUT_S` and, where set, `ODOO_USER`: whose companies are shown.

    Raises SourceError when there is no address, or none that can be used; connects only at the first question.
    """
    s = settings()
    if s.odoo_sql_url is None:
        raise SourceError("Falta decir dónde está la base de datos de Odoo: ponga ODOO_SQL_URL en el entorno.")
    return OdooSql(Server(s.odoo_sql_url.get_secret_value(), s.odoo_sql_timeout_s), s.odoo_user)


@dataclass
class _Snapshot:
    """One entity's moment of the source."""

    entity: Entity
    conn: psycopg.Connection
    pulse: Pulse | None
    horizon: Horizon | None = None
    latest: datetime | None = None
    census: Census | None = None


class OdooSql:
    """Reads entities from one database. Thread-safe: each entity has a session of its own."""

    copies = True

    def __init__(self, server: Server, user: str | None = None) -> None:
        """Shown are the rows of no company and those of the entity's companies, else those of the Odoo user `user`, else all."""
        self.server, self.user = server, user
        self.source = f"odoo:{server.dbname}"
        self._lock = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._mine: tuple[int, tuple[int, ...]] | None = None
        self._snapshots: dict[str, _Snapshot] = {}
        self._doubts: dict[str, str] = {}

    def describe(self, entity: Entity) -> dict[str, FieldInfo]:
        """The fields of the model, from ir_model_fields. Raises AccessRefused when a mapped one is not granted, MappingError when it is not stored."""
        query, fields = self._query(entity), self._known().models[entity.model]
        for column in entity.read:
            if column.source in fields and not fields[column.source].gone:
                query.field(column)
        self._check_grants(entity)
        return {f.name: FieldInfo(f.type, f.stored, f.label, f.relation) for f in fields.values() if not f.gone}

    def count(self, entity: Entity, since: datetime | None = None) -> int:
        """Rows that are shown (changed at or after `since`)."""
        if since is None:
            return self.census(entity).rows
        return self._ask(entity, "al contar", self._query(entity).count(since))[0][0]

    def census(self, entity: Entity) -> Census:
        """Rows, Σ of keys and highest key."""
        held = self._held(entity)
        if held is not None and held.census is not None:
            return held.census
        found = Census(*self._ask(entity, "al contar", self._query(entity).census())[0])
        if held is not None:
            held.census = found
        return found

    def pulse(self, entity: Entity) -> Pulse | None:
        """What the server had counted of the table just before the entity's snapshot."""
        held = self._held(entity)
        return held.pulse if held is not None else None

    def ids(self, entity: Entity) -> Iterator[list[int]]:
        """Every key that is shown, ascending."""
        for piece in self._copy(entity, self._query(entity).keys(), ID_CHUNK * 8):
            yield list(map(int, piece.text.split()))

    def changes(self, entity: Entity, since: datetime | None) -> list[Iterator[Encoded]]:
        """Rows changed at or after `since` (None: all, in no order): one stream."""
        return [self._copy(entity, self._query(entity).copy(since, ordered=since is not None))]

    def rows(self, entity: Entity, ids: Iterable[int]) -> Iterator[Encoded]:
        """The rows with these keys that are shown; a key that is gone is left out."""
        wanted, query = sorted(set(ids)), self._query(entity)
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            yield from self._copy(entity, query.copy(extra=query.among(wanted[start : start + KEYS_AT_ONCE])))

    def span(self, entity: Entity, low: int, high: int) -> Iterator[Encoded]:
        """The rows with low ≤ key < high that are shown."""
        query = self._query(entity)
        return self._copy(entity, query.copy(extra=query.between(low, high)))

    def resume_from(self, entity: Entity) -> datetime | None:
        """Where the next run must begin (see sql_late.py). From here to `release` all is read from one snapshot, taken now."""
        self.release(entity)
        query = self._query(entity)

        def take() -> _Snapshot:
            conn = self.server.take()
            try:
                with self.server.told(f"al leer {entity.model}"):
                    return _take(entity, conn, query)
            except BaseException:
                self.server.give(conn)
                raise

        held = self._snapshots[entity.name] = self.server.patiently(take)
        if held.horizon is None or held.latest is None:
            return None
        if held.horizon.doubt:
            self._doubts[entity.name] = held.horizon.doubt
        return held.horizon.resume_from(held.latest)

    def release(self, entity: Entity) -> None:
        """End the entity's snapshot."""
        held = self._snapshots.pop(entity.name, None)
        if held is not None:
            self.server.give(held.conn)

    def warnings(self, entity: Entity) -> list[str]:
        """That late commits cannot be seen, when they cannot."""
        doubt = self._doubts.pop(entity.name, None)
        found = []
        if doubt:
            found.append(f"{entity.name}: no se puede saber qué transacciones siguen abiertas: {doubt}. Se repasan los últimos 30 minutos; una "
                         "transacción más larga podría tardar en verse hasta la próxima verificación.")
        query = self._query(entity)
        if query.is_filtered:
            found.append(f"{entity.name}: la base aplica seguridad por fila (RLS) al rol de réplica en {query.table}: puede haber filas que no se ven.")
        return found

    def clock(self) -> datetime | None:
        """The server's clock."""
        return self._once("al preguntar la hora", lambda conn: conn.execute("select clock_timestamp()").fetchone()[0])

    def total(self, entity: Entity, column: Column) -> Decimal | None:
        """Σ of a money column over the rows that are shown, RD$, each value to the cent. It reads the whole table."""
        return self._ask(entity, "al sumar", self._query(entity).total(column))[0][0]

    def tallies(self, entity: Entity, since: date | None = None) -> Iterator[Tally]:
        """What is shown, by day and state of the entity."""
        return (Tally(*row) for row in self._ask(entity, "al sumar por día", self._query(entity).tallies(since)))

    def existing(self, entity: Entity, ids: Iterable[int]) -> set[int] | None:
        """Of these keys, those that the table has, whatever company they belong to."""
        wanted, query, found = list(ids), self._query(entity), set()
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            found |= {row[0] for row in self._ask(entity, "al buscar", query.existing(wanted[start : start + KEYS_AT_ONCE]))}
        return found

    def hidden(self, entity: Entity) -> int | None:
        """0: which companies are shown is our own choice, and nothing else is left out. None where row security holds for our role."""
        return None if self._query(entity).is_filtered else 0

    def prints(self, entity: Entity, width: int, keys_only: bool = False) -> dict[int, RangePrint]:
        """Of each range of keys: what is in it, checksum included."""
        return prints.read_prints(self._ask(entity, "al verificar", self._query(entity).prints(width, keys_only)))

    def stop(self, reason: SourceError) -> None:
        """Make every later call raise `reason`, and cancel what runs."""
        self.server.stop(reason)

    def close(self) -> None:
        """Close every session."""
        for name in list(self._snapshots):
            held = self._snapshots.pop(name, None)
            if held is not None:
                self.server.give(held.conn)
        self.server.close()

    # ---------- what is known before asking

    def _known(self) -> Catalogue:
        with self._lock:
            if self._catalogue is None:
                self._catalogue = self._once("al leer ir_model_fields, ir_default y las columnas", sql_catalogue.read)
            return self._catalogue

    def _query(self, entity: Entity) -> Query:
        catalogue = self._known()
        table = sql_catalogue.table_of(entity.model)
        if entity.model not in catalogue.models or table not in catalogue.tables:
            missing = f"ir_model_fields no tiene el modelo {entity.model}" if entity.model not in catalogue.models else f"no existe la tabla {table}"
            raise SourceError(
                f"{entity.file}:{entity.line}: {entity.name}: {self.server.where}: {missing}. Corrija `model` en el mapeo, ponga la entidad con "
                "`absent: true`, o replíquela con ODOO_TRANSPORT=rpc si su tabla se llama de otra forma.")
        asked = tuple(entity.context.get("allowed_company_ids") or entity.companies)
        main, mine = self._user_companies() if self.user or not asked else (None, ())
        companies = asked or (mine if self.user else None)
        if companies and catalogue.companies <= set(companies):
            shown = None  # every company there is: a condition that holds for each row only keeps PostgreSQL from counting in an index
        else:
            shown = companies
        return Query(entity, catalogue, shown, asked[0] if asked else main)

    def _user_companies(self) -> tuple[int | None, tuple[int, ...]]:
        """The main company, and those that ODOO_USER may see; without a user the first company there is."""
        with self._lock:
            if self._mine is None:
                self._mine = self._once("al leer las compañías", self._read_companies)
            return self._mine

    def _read_companies(self, conn: psycopg.Connection) -> tuple[int | None, tuple[int, ...]]:
        if not self.user:
            return conn.execute("select min(id) from res_company").fetchone()[0], ()
        found = conn.execute("select id, company_id from res_users where login = %s", [self.user]).fetchone()
        if found is None:
            raise SourceError(f"{self.server.where}: no hay ningún usuario {self.user!r} en res_users. Corrija ODOO_USER, que dice qué compañías se ven.")
        several = conn.execute("select to_regclass('res_company_users_rel') is not null").fetchone()[0]
        others = conn.execute("select cid from res_company_users_rel where user_id = %s order by cid", [found[0]]).fetchall() if several else []
        return found[1], tuple(dict.fromkeys([found[1], *(row[0] for row in others)]))

    def _check_grants(self, entity: Entity) -> None:
        """Raises AccessRefused, naming the GRANT, when the role may not read a mapped column."""
        catalogue, table = self._known(), sql_catalogue.table_of(entity.model)
        wanted: dict[str, list[str]] = {}
        for column in entity.read:
            for name, columns in sql_catalogue.columns_of(catalogue.models[entity.model].get(column.source), table, column.source).items():
                wanted.setdefault(name, []).extend(columns)
        for name, columns in wanted.items():
            denied = sql_catalogue.missing_grants(catalogue, name, columns)
            if denied:
                raise AccessRefused(
                    f"{entity.name}: el rol {self.server.user} no puede leer {', '.join(denied)} de {name}. Aplique de nuevo deploy/odoo_grants.sql, o: "
                    f"GRANT SELECT ({', '.join(denied)}) ON {name} TO {self.server.user};")

    # ---------- asking

    def _held(self, entity: Entity) -> _Snapshot | None:
        """The snapshot of this very entity: another of the same name would ask something else."""
        held = self._snapshots.get(entity.name)
        return held if held is not None and (held.entity is entity or held.entity == entity) else None

    def _once(self, doing: str, action: Callable[[psycopg.Connection], T]) -> T:
        """`action` with a session of its own, which sees what is committed now."""
        def attempt() -> T:
            with self.server.session() as conn, self.server.told(doing):
                return action(conn)

        return self.server.patiently(attempt)

    def _ask(self, entity: Entity, doing: str, query: sql.Composable) -> list[tuple]:
        """The rows of a short answer: from the entity's snapshot, or as of now."""
        doing = f"{doing} {entity.model}"
        held = self._held(entity)
        if held is None:
            return self._once(doing, lambda conn: conn.execute(query).fetchall())
        with self.server.told(doing):
            return held.conn.execute(query).fetchall()

    @contextmanager
    def _reading(self, entity: Entity) -> Iterator[psycopg.Connection]:
        held = self._held(entity)
        if held is not None:
            yield held.conn
            return
        with self.server.session() as conn:
            yield conn

    def _copy(self, entity: Entity, statement: sql.Composed, piece_bytes: int = PIECE_BYTES) -> Iterator[Encoded]:
        """The rows of a COPY in pieces. A connection lost on the way is not tried again: what was given already would come twice."""
        with self._reading(entity) as conn, self.server.told(f"al leer {entity.model}"):
            for rows in copy_out(conn, statement, piece_bytes):
                yield Encoded(b"".join(rows), len(rows), len(rows))


def _take(entity: Entity, conn: psycopg.Connection, query: Query) -> _Snapshot:
    """Begin the entity's snapshot on a session in autocommit. Raises psycopg.Error."""
    ask = query.pulse()
    counted = conn.execute(ask).fetchone() if ask is not None else None
    pulse = Pulse(*counted) if counted else None
    found = horizon(conn) if entity.change else None
    conn.execute("begin isolation level repeatable read read only")
    conn.execute("select 1")  # the snapshot is of this moment, not of `begin`
    if entity.change is None:
        return _Snapshot(entity, conn, pulse)
    ask = query.latest()
    if ask is not None:
        return _Snapshot(entity, conn, pulse, found, conn.execute(ask).fetchone()[0])
    *census, latest = conn.execute(query.census(with_latest=True)).fetchone()
    return _Snapshot(entity, conn, pulse, found, latest, Census(*census))
