"""Replication of Odoo: each entity in one transaction of its own, several at a time; one that fails leaves the others running.

    from sources.replicate import replicate
    results = replicate(["customer", "account_move"])
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from caudal import runlog, warehouse
from caudal.settings import settings
from sources import columns, drift, expiry, lineage, rewind, tables, transports
from sources.contract import Batch, Census, Encoded, Entity, FieldInfo, SourceError, Transport
from sources.converting import Converting
from sources.loader import SEGMENT_BYTES, Loader
from sources.memory import share_heap
from sources.odoo import mapping
from sources.odoo.paging import PAGE_ROWS
from sources.prefetch import prefetch
from sources.progress import Silent, Watcher
from sources.reconcile import reconcile
from sources.state import Ranges, State, read_state
from sources.verify import PARTS, WIDTH, Verified, differing, raw_prints, verify

log = logging.getLogger(__name__)

DEFAULT_CLIENTS = 2  # as many as Odoo's own default of workers on two cores
ALL_SEGMENTS_BYTES, ROWS_UNDER_WAY = 12 << 20, 8_000  # of all entities that are read at once: memory stays what it is with more clients
LOCK_TIMEOUT = "15min"
RANGES_FROM = 500_000  # rows from which a lost key is sought by ranges, not in the list of all keys
RANGES_SHARE = 0.25  # of the ranges: where more differ, the list of all keys is quicker
CLOCK_MARGIN = timedelta(minutes=30)  # between the source's clock and that of the database behind it


@dataclass(frozen=True)
class Request:
    """What a run is asked for. since: a business date from which changes are read again, whatever was read before."""

    full: bool = False
    verify: bool = False
    since: date | None = None
    accept_deletions: bool = False
    accept_rewind: bool = False
    wait: bool = True

    @property
    def since_moment(self) -> datetime | None:
        """When that date begins, in the utility's time zone."""
        return datetime.combine(self.since, time.min, ZoneInfo(settings().timezone)) if self.since else None


@dataclass
class EntityResult:
    """How one entity went. `error` and `warnings` are Spanish, for a person; `reconciliation` is ops.reconciliation.status, or steady: nothing to count."""

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
    verified: Verified | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def note(self) -> str:
        """One line about it."""
        if self.error:
            return self.error
        parts = [f"{self.rows_read:,} leídas, {self.inserted:,} nuevas, {self.updated:,} cambiadas, {self.deleted:,} borradas"]
        if self.quarantined:
            parts.append(f"{self.quarantined:,} en cuarentena")
        if self.verified:
            parts.append(f"{self.verified.ranges:,} rangos verificados, {self.verified.differing:,} distintos")
        return f"{', '.join(parts)} ({self.mode}, {self.seconds:.1f} s)"


def replicate(
    entities: Sequence[str] | None = None, *, full: bool = False, verify: bool = False, since: date | None = None,
    clients: int = DEFAULT_CLIENTS, accept_deletions: bool = False, accept_rewind: bool = False, wait: bool = True,
    progress: Watcher | None = None, page_rows: int = PAGE_ROWS,
) -> list[EntityResult]:
    """Bring `raw.odoo_*` up to date with Odoo; what did not change is not rewritten, and repeating it does no harm.

    entities: canonical names (None: all of the site's mapping). full: read every row, not only the changed ones. verify: then compare
    table and source range by range, and mend what differs (what changed without touching write_date too). since: read again what
    changed from this business date on. clients: requests to Odoo at once. accept_deletions: tombstone even when most of a table is
    gone. accept_rewind: the source was restored from a backup on purpose: read all, tombstone what is gone. wait: for another run of
    the same entity to end; else the entity fails at once, with nothing written. page_rows: rows asked for at once, at most. Results
    come in the mapping's order. Raises SourceError (MappingError) only when nothing can begin: no address of Odoo, no mapping, an
    unknown entity; what happens to an entity is in its result and in `ops.run`.
    """
    share_heap()
    chosen = mapping.select(mapping.load(mapping.path_of(settings().site)), entities)
    clients = max(1, clients)
    transport = transports.connect(transports.Options(clients, min(page_rows, ROWS_UNDER_WAY // clients)))
    at_once = max(clients, min(clients + 1, 3))  # one ends while others read
    asked = Request(full, verify, since, accept_deletions, accept_rewind, wait)
    job = _Job(transport, asked, progress or Silent(), min(SEGMENT_BYTES, ALL_SEGMENTS_BYTES // at_once))
    with ThreadPoolExecutor(at_once, thread_name_prefix="replicate") as pool:
        notes = pool.submit(expiry.note, transport)
        futures = [pool.submit(job.run, entity) for entity in chosen]
        try:
            results = [future.result() for future in futures]
            results[0].warnings = [*notes.result(), *results[0].warnings]  # once a run, whatever the entities
        except BaseException:  # Ctrl-C: the threads end at their next request
            transport.stop(SourceError("La réplica fue interrumpida."))
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            transport.close()
    return results


@dataclass
class _Job:
    """What all the entities of one call share."""

    transport: Transport
    asked: Request
    watcher: Watcher
    segment_bytes: int

    def run(self, entity: Entity) -> EntityResult:
        """Replicate one entity; a failure is recorded and returned, never raised."""
        result, started = EntityResult(entity.name), monotonic()
        run: runlog.Run | None = None
        try:
            with ExitStack() as stack:
                conn = stack.enter_context(warehouse.connect("load", autocommit=True))
                if not self.asked.wait:
                    stack.enter_context(_only_one(conn, entity, wait=False))  # before ops.run: where another works, this run never was
                run = stack.enter_context(runlog.run(
                    "replicate", entity.name, lineage.reads(entity, self.transport.source), lineage.writes(entity), through=conn))
                run.details["source"] = self.transport.source
                if self.asked.wait:
                    stack.enter_context(_only_one(conn, entity, wait=True))
                with _told_in_spanish(entity):
                    self._locked(conn, entity, run, result)
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

    def _locked(self, conn: psycopg.Connection, entity: Entity, run: runlog.Run, result: EntityResult) -> None:
        conn.execute(
            """update ops.run set status = 'failed', ended_at = clock_timestamp(), error = 'El proceso murió antes de terminar.'
               where pipeline = 'replicate' and entity = %s and status = 'running' and run_id < %s""", [entity.name, run.run_id])
        if entity.absent:
            self._absent(conn, entity, run, result)
            return
        state = read_state(conn, self.transport.source, entity)
        fields = self.transport.describe(entity)
        found = drift.review(entity, fields, state.fields, drift.pending(conn, self.transport.source, entity))
        drift.record(conn, self.transport.source, entity, run.run_id, found.changes)  # kept whether the entity goes on or not
        drift.check(found, fields)
        run.details["new_fields"] = found.new_fields
        try:
            with conn.transaction():
                self._load(_Work(conn, found.entity, run, state, fields, found.warnings), result)
        finally:
            self.transport.release(entity)

    def _absent(self, conn: psycopg.Connection, entity: Entity, run: runlog.Run, result: EntityResult) -> None:
        """This site has no such thing: its table is there and empty, so that what reads it is empty and not broken."""
        result.mode = run.details["mode"] = "ausente"
        with conn.transaction():
            tables.ensure(conn, entity)

    def _load(self, work: _Work, result: EntityResult) -> None:
        """All that must become true together; the caller commits."""
        conn, entity, run, state, asked = work.conn, work.entity, work.run, work.state, self.asked
        widened = tables.ensure(conn, entity)
        columns.record(conn, self.transport.source, entity)
        filled = tables.filled(conn, entity)
        reason = why_full(entity, state, asked, widened, filled)
        since = None if reason else resume(state, asked)
        result.mode = "completa" if reason else "incremental"
        run.details.update(mapping=mapping.signature(entity), mode=result.mode, reason=reason)
        run.watermark_from = since
        now = source_clock(self.transport)
        doubt = look_back(entity, self.transport, state, now) if filled and not asked.accept_rewind else None
        high = self._resume_from(work, now)  # before reading: what is written meanwhile belongs to the next run

        loader = Loader(conn, entity, self.transport.source, run, full=bool(reason), state=state, once=self.transport.copies,
                        segment_bytes=self.segment_bytes)
        loader.begin()
        accept = asked.accept_deletions or asked.accept_rewind
        sevenths = dict.fromkeys(range(PARTS), settings().today) if loader.full else None
        with Converting(entity) as convert:
            census = self._read(loader, entity, since, convert, accept)
            doubt = doubt or (loader.late(since) if since else None)
            if doubt:
                work.warnings.append(f"{entity.name}: {doubt} Se verificó la entidad entera.")
            if (asked.verify or doubt) and not loader.full:  # a full read has just compared every row
                result.verified, sevenths = verify(
                    entity, self.transport, loader, convert, settings().today, accept_deletions=accept, whole=bool(doubt))
                run.details["verify"] = result.verified.details()
                work.warnings += result.verified.warnings(entity)
                census = None
        if loader.steady and result.verified is None:  # nothing to count: the source's server says that no row came or went but those we have
            result.reconciliation = "steady"
        else:
            found = reconcile(conn, entity, self.transport, loader, census)
            result.reconciliation = found.status
            work.warnings += found.warnings(entity)
        run.details["reconciliation"] = result.reconciliation
        run.details["warnings"] = work.warnings + self.transport.warnings(entity)
        loader.finish(high or state.watermark, work.fields, sevenths, self.transport.pulse(entity))

    def _resume_from(self, work: _Work, now: datetime | None) -> datetime | None:
        """Where the next run begins. Not after the source's own clock: once that is right again, changes carry earlier moments."""
        high = self.transport.resume_from(work.entity)
        if high is None:
            return None
        if high > max(datetime.now(UTC), datetime.combine(settings().today, time.max, UTC)) + timedelta(days=1):
            work.warnings.append(
                f"{work.entity.name}: la última modificación en Odoo dice {high:%d/%m/%Y %H:%M} UTC, que aún no llega. Revise su reloj.")
        return high if now is None or high <= now else now - CLOCK_MARGIN

    def _read(self, loader: Loader, entity: Entity, since: datetime | None, convert: Convert, accept_deletions: bool) -> Census | None:
        """Stage the changed rows, the rows we lack though the source has them, and tombstones. The source's count, when all is as it says."""
        if not isinstance(self.watcher, Silent):
            self.watcher.started(entity.name, self.transport.count(entity, since))
        with closing(self._batches(entity, since, convert)) as batches, loader.writing():
            for batch in batches:
                loader.add(batch)
                self.watcher.advanced(entity.name, batch.count)
        if since is None:
            loader.note_fetched_is_present()
            loader.tombstone(accept_deletions)
            return None
        loader.steady = loader.is_steady(self.transport.pulse(entity))
        census = None if loader.steady else self.transport.census(entity)
        if loader.steady or (census is not None and loader.agrees(census)):
            wanted = loader.waiting()
        elif census is not None and (ranges := self._ranges(loader, entity)) is not None:
            for number in ranges.numbers:
                for page in self.transport.span(entity, number * ranges.width, (number + 1) * ranges.width):
                    loader.add(convert(page))
            loader.tombstone(accept_deletions, ranges)
            wanted, census = loader.waiting(), None
        else:
            loader.note_present(self.transport.ids(entity))
            wanted, census = loader.missing(), None
        for page in self.transport.rows(entity, wanted):
            loader.add(convert(page))
        if loader.knows_present:
            loader.tombstone(accept_deletions)
        return census

    def _batches(self, entity: Entity, since: datetime | None, convert: Convert) -> Iterator[Encoded]:
        """The changed rows as COPY text, read ahead."""
        streams = self.transport.changes(entity, since)
        if self.transport.copies:  # its server works ahead as far as the sockets' buffers go; threads of ours would only get in the way
            for stream in streams:
                yield from stream
            return
        # threads that wait for Odoo → one that waits for the converter → the one that writes. Each of several readers has a page in its hands besides.
        with closing(prefetch(*streams, depth=2 if len(streams) == 1 else 1)) as pages, closing(prefetch(map(convert, pages), depth=1)) as batches:
            yield from batches

    def _ranges(self, loader: Loader, entity: Entity) -> Ranges | None:
        """The ranges whose keys differ; None for a table that is small, or where most do."""
        if loader.totals().rows < RANGES_FROM:
            return None
        theirs = self.transport.prints(entity, WIDTH, keys_only=True)
        numbers = differing(theirs, raw_prints(loader.conn, entity, WIDTH, keys_only=True))
        return Ranges(WIDTH, numbers) if len(numbers) <= RANGES_SHARE * len(theirs) else None


Convert = Callable[[Batch | Encoded], Encoded]


@dataclass
class _Work:
    """One entity in the transaction that loads it."""

    conn: psycopg.Connection
    entity: Entity
    run: runlog.Run
    state: State
    fields: Mapping[str, FieldInfo]
    warnings: list[str]


def why_full(entity: Entity, state: State, asked: Request, widened: Sequence[str], filled: bool) -> str | None:
    """Why every row must be read, or None when the changed ones are enough.

    widened: columns that the raw table lacks, or got just now; filled: whether it has rows.
    """
    if asked.accept_rewind:
        return "base restaurada, aceptada con --accept-rewind"
    if asked.full:
        return "pedida con --full"
    if entity.change is None:
        return "la entidad no tiene columna de cambio"
    if state.watermark is None:
        return "primera carga"
    if widened or state.mapping != mapping.signature(entity):
        return "cambió el mapeo"
    return None if filled else "la tabla está vacía"


def resume(state: State, asked: Request) -> datetime:
    """From which change moment an increment reads: where the last run left off, or earlier when that was asked for."""
    return min(filter(None, (state.watermark, asked.since_moment)))


def source_clock(transport: Transport) -> datetime | None:
    """The source's clock; None when it cannot say, or when CAUDAL_TODAY makes believe that it is later than it is."""
    now, pretended = transport.clock(), settings().today_override
    return None if now is None or (pretended is not None and pretended > now.date()) else now


def look_back(entity: Entity, transport: Transport, state: State, now: datetime | None) -> str | None:
    """See whether the source went back in time. Returns why its change moments cannot be trusted in this run, if so (Spanish).

    Raises SourceError when its database did: that is for a person to decide.
    """
    high = max((w.changed for w in state.witnesses.values()), default=state.watermark)
    went_back = now is not None and high is not None and now < high - CLOCK_MARGIN
    found = rewind.find(entity, transport, state)
    if found is not None and not went_back:
        raise SourceError(found.message(entity))
    if went_back and (found is not None or (state.watermark is not None and now < state.watermark)):
        return f"el reloj de Odoo dice {now:%d/%m/%Y %H:%M} UTC y ya había fechado cambios el {high:%d/%m/%Y %H:%M} UTC."
    return None


@contextmanager
def _told_in_spanish(entity: Entity) -> Iterator[None]:
    """What the warehouse itself could not do, as a SourceError that says what to do about it."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise SourceError(
            f"{entity.name}: el disco del almacén está lleno ({error.diag.message_primary}). No quedó nada a medias. Libere espacio en el "
            "servidor de PostgreSQL y vuelva a replicar.") from error
    except psycopg.OperationalError as error:
        raise SourceError(
            f"{entity.name}: el almacén cortó la conexión a mitad de la carga ({str(error).strip().splitlines()[0] if str(error).strip() else 'sin decir por qué'}). "
            "No quedó nada a medias. Revise que PostgreSQL esté encendido y vuelva a replicar.") from error


@contextmanager
def _only_one(conn: psycopg.Connection, entity: Entity, wait: bool) -> Iterator[None]:
    """Wait for another run of this entity to end. Raises SourceError when it takes too long, or at once without `wait`."""
    conn.execute(sql.SQL("set lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
    with ExitStack() as stack:
        try:
            held = stack.enter_context(warehouse.advisory_lock(conn, f"replicate {entity.name}", wait))
        except psycopg.errors.LockNotAvailable:
            raise SourceError(
                f"{entity.name}: otra réplica lleva más de {LOCK_TIMEOUT} con esta entidad. Espere a que termine, o deténgala.") from None
        if not held:
            raise SourceError(f"{entity.name}: otra réplica trabaja ahora con esta entidad y se pidió no esperar (--no-wait). No se hizo nada.")
        yield
