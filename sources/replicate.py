"""Replication of Odoo: each entity in one transaction of its own, several at a time; one that fails leaves the others running.

    from sources.replicate import replicate
    results = replicate(["customer", "account_move"])
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from time import monotonic

import psycopg
from psycopg import sql

from caudal import runlog, warehouse
from caudal.settings import settings
from sources import tables, transports
from sources.contract import Entity, SourceError, Transport
from sources.converting import Converting
from sources.loader import Loader, State, read_state
from sources.odoo import mapping
from sources.odoo.paging import PAGE_ROWS
from sources.prefetch import prefetch
from sources.progress import Silent, Watcher
from sources.reconcile import reconcile

log = logging.getLogger(__name__)

DEFAULT_CLIENTS = 2  # as many as Odoo's own default of workers on two cores
LOCK_TIMEOUT = "15min"


@dataclass
class EntityResult:
    """How one entity went. `error` and `warnings` are Spanish, for a person; `reconciliation` is ops.reconciliation.status."""

    entity: str
    status: str = "failed"
    error: str | None = None
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    mode: str = ""
    reconciliation: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def note(self) -> str:
        """One line about it."""
        if self.error:
            return self.error
        parts = [f"{self.rows_read:,} leídas, {self.inserted:,} nuevas, {self.updated:,} cambiadas, {self.deleted:,} borradas"]
        if self.quarantined:
            parts.append(f"{self.quarantined:,} en cuarentena")
        return f"{', '.join(parts)} ({self.mode}, {self.seconds:.1f} s)"


def replicate(
    entities: Sequence[str] | None = None, *, full: bool = False, clients: int = DEFAULT_CLIENTS, accept_deletions: bool = False,
    progress: Watcher | None = None, page_rows: int = PAGE_ROWS,
) -> list[EntityResult]:
    """Bring `raw.odoo_*` up to date with Odoo; what did not change is not rewritten, and repeating it does no harm.

    entities: canonical names (None: all of the site's mapping). full: read every row, not only the changed ones, which also
    finds what changed without touching write_date. clients: requests to Odoo at once. accept_deletions: tombstone even when
    most of a table is gone. page_rows: rows asked for at once, at most. Results come in the mapping's order.
    Raises SourceError (MappingError) only when nothing can begin: no address of Odoo, no mapping, an unknown entity; what
    happens to an entity is in its result and in `ops.run`.
    """
    chosen = mapping.select(mapping.load(mapping.path_of(settings().site)), entities)
    transport = transports.connect(transports.Options(clients, page_rows, chosen[0].companies))
    job = _Job(transport, full, accept_deletions, progress or Silent())
    with ThreadPoolExecutor(max(1, clients) + 1, thread_name_prefix="replicate") as pool:  # one ends while others read
        futures = [pool.submit(job.run, entity) for entity in chosen]
        try:
            return [future.result() for future in futures]
        except BaseException:  # Ctrl-C: the threads end at their next request
            transport.stop(SourceError("La réplica fue interrumpida."))
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            transport.close()


@dataclass
class _Job:
    """What all the entities of one call share."""

    transport: Transport
    full: bool
    accept_deletions: bool
    watcher: Watcher

    def run(self, entity: Entity) -> EntityResult:
        """Replicate one entity; a failure is recorded and returned, never raised."""
        result, started = EntityResult(entity.name), monotonic()
        run: runlog.Run | None = None
        try:
            with runlog.run("replicate", entity.name) as run:
                run.details["source"] = self.transport.source
                self._locked(entity, run, result)
            result.status = "ok"
        except (SourceError, warehouse.WarehouseUnavailable) as error:
            result.error = str(error)
        except Exception as error:  # this entity's bug must not stop the others
            log.exception("replicate %s", entity.name)
            result.error = f"{entity.name}: error inesperado: {type(error).__name__}: {error}"
        if run is not None and result.status == "ok":
            result.rows_read, result.inserted, result.updated = run.rows_read, run.rows_inserted, run.rows_updated
            result.deleted, result.quarantined, result.warnings = run.rows_deleted, run.rows_quarantined, run.details.get("warnings", [])
        result.seconds = monotonic() - started
        self.watcher.finished(entity.name, result.status == "ok", result.note)
        return result

    def _locked(self, entity: Entity, run: runlog.Run, result: EntityResult) -> None:
        with warehouse.connect("load", autocommit=True) as conn, _only_one(conn, entity):
            conn.execute(
                """update ops.run set status = 'failed', ended_at = clock_timestamp(), error = 'El proceso murió antes de terminar.'
                   where pipeline = 'replicate' and entity = %s and status = 'running' and run_id < %s""", [entity.name, run.run_id])
            if entity.absent:
                self._absent(conn, entity, run, result)
                return
            fields = self.transport.describe(entity)
            mapping.check(entity, fields)
            with conn.transaction():
                self._load(conn, entity, run, result, fields)

    def _absent(self, conn: psycopg.Connection, entity: Entity, run: runlog.Run, result: EntityResult) -> None:
        """This site has no such thing: its table is there and empty, so that what reads it is empty and not broken."""
        result.mode = run.details["mode"] = "ausente"
        with conn.transaction():
            tables.ensure(conn, entity)

    def _load(self, conn: psycopg.Connection, entity: Entity, run: runlog.Run, result: EntityResult, fields: dict) -> None:
        """All that must become true together; the caller commits."""
        warnings: list[str] = []
        widened = tables.ensure(conn, entity)
        state = read_state(conn, self.transport.source, entity)
        reason = self._why_full(conn, entity, state, widened)
        unknown = mapping.new_fields(entity, fields, state.known_fields)
        if unknown:
            warnings.append(f"{entity.name}: campos nuevos en {entity.model} que el mapeo no usa: {', '.join(unknown)}.")
        result.mode = "completa" if reason else "incremental"
        run.details.update(mapping=mapping.signature(entity), fields=sorted(fields), new_fields=unknown, mode=result.mode, reason=reason)
        run.watermark_from = None if reason else state.watermark

        high = self.transport.resume_from(entity)  # before reading: what is written meanwhile belongs to the next run
        if high is not None and high > max(datetime.now(UTC), datetime.combine(settings().today, time.max, UTC)) + timedelta(days=1):
            warnings.append(f"{entity.name}: la última modificación en Odoo dice {high:%d/%m/%Y %H:%M} UTC, que aún no llega. Revise su reloj.")
        loader = Loader(conn, entity, self.transport.source, run, full=bool(reason))
        loader.begin()
        self._read(loader, entity, run.watermark_from)
        loader.tombstone(self.accept_deletions)
        found = reconcile(conn, entity, self.transport, loader)
        result.reconciliation = found.status
        run.details["warnings"] = warnings + found.warnings(entity)
        loader.finish(high or state.watermark)

    def _read(self, loader: Loader, entity: Entity, since: datetime | None) -> None:
        """Stage changed rows and the source's list of keys, then the rows we lack though the source has them."""
        if not isinstance(self.watcher, Silent):
            self.watcher.started(entity.name, self.transport.count(entity, since))
        with ExitStack() as stack:
            convert = stack.enter_context(Converting(entity))
            streams = self.transport.changes(entity, since)
            # threads that wait for Odoo → one that waits for the converter → this one, which writes
            pages = stack.enter_context(closing(prefetch(*streams, depth=2 * len(streams))))
            for batch in stack.enter_context(closing(prefetch(map(convert, pages)))):
                loader.add(batch)
                self.watcher.advanced(entity.name, batch.count)
            if since is None:
                loader.note_fetched_is_present()
                return
            loader.note_present(self.transport.ids(entity))
            for page in self.transport.rows(entity, loader.missing()):
                loader.add(convert(page))

    def _why_full(self, conn: psycopg.Connection, entity: Entity, state: State, widened: list[str]) -> str | None:
        """Why every row must be read, or None when the changed ones are enough."""
        if self.full:
            return "pedida con --full"
        if entity.change is None:
            return "la entidad no tiene columna de cambio"
        if state.watermark is None:
            return "primera carga"
        if widened or state.mapping != mapping.signature(entity):
            return "cambió el mapeo"
        filled = conn.execute(sql.SQL("select exists (select from {})").format(tables.qualified(entity))).fetchone()[0]
        return None if filled else "la tabla está vacía"


@contextmanager
def _only_one(conn: psycopg.Connection, entity: Entity) -> Iterator[None]:
    """Wait for another run of this entity to end. Raises SourceError when it takes too long."""
    conn.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
    with ExitStack() as stack:
        try:
            stack.enter_context(warehouse.advisory_lock(conn, f"replicate {entity.name}"))
        except psycopg.errors.LockNotAvailable:
            raise SourceError(
                f"{entity.name}: otra réplica lleva más de {LOCK_TIMEOUT} con esta entidad. Espere a que termine, o deténgala.") from None
        yield
