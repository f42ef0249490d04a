"""The loader of one entity: pages → staging table → guarded upsert → tombstones → quarantine → watermark and run row.

Everything between `begin` and `finish` is ONE transaction: killed anywhere, the raw table, the watermark and the run's counts
are as they were, and the next run gives the same table. Rows that did not change are not rewritten.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from caudal.runlog import Run
from sources.contract import Encoded, Entity, Rejection, SourceError
from sources.convert import NULL, Encoder
from sources.tables import columns_ddl, qualified

MERGE_EVERY = 20_000  # staged rows; merging as pages arrive hides its cost behind the network
ANALYZE_FROM = 10_000  # changed rows from which dbt should not wait for autovacuum's statistics
MASS_DELETION_SHARE, MASS_DELETION_ROWS = 0.5, 100


@dataclass(frozen=True)
class State:
    """What earlier runs left for an entity."""

    watermark: datetime | None
    mapping: str | None
    known_fields: list[str] | None


def read_state(conn: psycopg.Connection, source: str, entity: Entity) -> State:
    """Watermark of the entity, and the mapping and fields its last good run saw."""
    mark = conn.execute("select watermark from ops.watermark where source = %s and entity = %s", [source, entity.name]).fetchone()
    last = conn.execute(
        """select details ->> 'mapping', details -> 'fields' from ops.run
           where pipeline = 'replicate' and entity = %s and status = 'ok' and details ->> 'source' = %s
           order by run_id desc limit 1""",
        [entity.name, source],
    ).fetchone()
    return State(mark[0] if mark else None, *(last or (None, None)))


def storable(value: Any) -> Any:
    """The value with what jsonb refuses (NUL, lone surrogates, NaN) replaced by something readable."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable(str(k)): storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable(v) for v in value]
    return value


class Loader:
    """Loads one entity within the caller's transaction on `conn`, counting into `run`."""

    def __init__(self, conn: psycopg.Connection, entity: Entity, source: str, run: Run, full: bool) -> None:
        self.conn, self.entity, self.source, self.run, self.full = conn, entity, source, run, full
        self.encoder = Encoder(entity.read, entity.key)
        self.straight = False
        self.rejected: dict[tuple[str | None, str | None, str], Rejection] = {}
        self.staged = 0
        self.was_empty = False
        self._statements()

    def _statements(self) -> None:
        names = [sql.Identifier(c.name) for c in self.entity.read]
        raw, key = qualified(self.entity), sql.Identifier(self.entity.key)
        listed = sql.SQL(", ").join(names)
        self.straight_sql = sql.SQL("copy {} ({}) from stdin").format(raw, listed)
        self.copy_sql = sql.SQL("copy stage ({}) from stdin").format(listed)
        self.merge_sql = sql.SQL("""
            with merged as (
                insert into {raw} as r ({cols}, _source, _loaded_at, _run_id, _deleted_at)
                select distinct on ({key}) {cols}, {source}, clock_timestamp(), {run}, null from stage order by {key}, ctid desc
                on conflict ({key}) do update set {sets}, _source = excluded._source, _loaded_at = excluded._loaded_at,
                    _run_id = excluded._run_id, _deleted_at = null
                where ({old}, r._source, r._deleted_at) is distinct from ({new}, excluded._source, excluded._deleted_at)
                returning (xmax = 0) as is_new
            )
            select count(*) filter (where is_new), count(*) filter (where not is_new) from merged""").format(
            raw=raw, cols=listed, key=key, source=sql.Literal(self.source), run=sql.Literal(self.run.run_id),
            sets=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(n) for n in names if n != key),
            old=sql.SQL(", ").join(sql.SQL("r.{}").format(n) for n in names),
            new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(n) for n in names),
        )

    def begin(self) -> None:
        """Make the staging tables, gone when the transaction ends. A first load has nothing to compare with and goes straight to raw."""
        self.conn.execute(sql.SQL("create temporary table stage ({}) on commit drop").format(columns_ddl(self.entity)))
        self.conn.execute("create temporary table present (id bigint not null) on commit drop")
        self.conn.execute("create temporary table fetched (id bigint not null) on commit drop")
        self.was_empty = not self.conn.execute(
            sql.SQL("select exists (select from {})").format(qualified(self.entity))).fetchone()[0]
        if self.full and self.was_empty:
            self.straight = True
            now = self.conn.execute("select clock_timestamp()").fetchone()[0]
            self._defaults({"_source": self.source, "_loaded_at": now, "_run_id": self.run.run_id})

    def _defaults(self, values: dict[str, Any]) -> None:
        """What COPY puts where it is given nothing (None: no default); quicker than to send it with each row."""
        changes = [
            sql.SQL("alter {} drop default").format(sql.Identifier(name)) if value is None
            else sql.SQL("alter {} set default {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in values.items()]
        self.conn.execute(sql.SQL("alter table {} {}").format(qualified(self.entity), sql.SQL(", ").join(changes)))

    def add(self, batch: Encoded) -> None:
        """Store one batch; its bad rows go to quarantine and the rest goes on."""
        self.run.rows_read += batch.count
        for rejection in batch.rejections:
            self._reject(rejection)
        if batch.good:
            try:
                self._copy(batch.text, batch.good)
            except psycopg.DataError:
                self._copy_one_by_one(batch)
        if self.staged >= MERGE_EVERY:
            self.merge()

    def _copy(self, text: bytes, rows: int) -> None:
        if self.straight:
            try:
                self._send(self.straight_sql, text)
                self.run.rows_inserted += rows
                return
            except psycopg.errors.UniqueViolation:  # the source gave a key twice, its row having changed meanwhile: merge from here on
                self.straight = False
        self._send(self.copy_sql, text)
        self.staged += rows

    def _send(self, statement: sql.Composed, text: bytes) -> None:
        with self.conn.transaction(), self.conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(text)

    def _copy_one_by_one(self, batch: Encoded) -> None:
        """PostgreSQL refused a value that the source or the converters let through: find whose it is."""
        for line, payload in self._lines(batch):
            try:
                self._copy(line, 1)
            except psycopg.DataError as error:
                self._reject(Rejection(str(payload[self.encoder.key]), None, str(error.diag.message_primary), payload))

    def _lines(self, batch: Encoded) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """The good rows of a batch: each as COPY text, and as the source gave it."""
        if batch.batch is not None:
            for row in batch.batch.rows:
                text, good, _ = self.encoder.encode([row])
                if good:
                    yield text, row
            return
        sources = [column.source for column in self.entity.read]
        for line in batch.text.splitlines(keepends=True):  # a line break within a value is escaped
            cells = line.decode("utf-8", "replace").rstrip("\n").split("\t")
            yield line, {s: None if c == NULL else c for s, c in zip(sources, cells, strict=False)}

    def _reject(self, rejection: Rejection) -> None:
        self.rejected[rejection.record_id, rejection.field, rejection.reason] = rejection

    def merge(self) -> None:
        """Upsert what is staged, and empty the stage."""
        if not self.staged:
            return
        inserted, updated = self.conn.execute(self.merge_sql).fetchone()
        self.run.rows_inserted += inserted
        self.run.rows_updated += updated
        key = sql.Identifier(self.entity.key)
        if not (self.full and self.was_empty):  # else no one asks what was fetched
            self.conn.execute(sql.SQL("insert into fetched select {} from stage").format(key))
        self.conn.execute("truncate stage")
        self.staged = 0

    def note_present(self, chunks: Iterable[list[int]]) -> None:
        """Remember the source's own list of keys."""
        with self.conn.cursor() as cursor, cursor.copy("copy present from stdin") as copy:
            for ids in chunks:
                if ids:
                    copy.write(("\n".join(map(str, ids)) + "\n").encode())
        self.conn.execute("analyze present")

    def note_fetched_is_present(self) -> None:
        """After a full read the rows read are the source's list; rejected rows exist there too."""
        self.merge()
        self.conn.execute("insert into present select id from fetched")
        ids = [int(r.record_id) for r in self.rejected.values() if r.record_id and r.record_id.isdigit()]
        self.conn.execute("insert into present select unnest(%s::bigint[])", [ids])
        self.conn.execute("analyze present")

    def missing(self) -> list[int]:
        """Keys the source has and we lack or hold as deleted, and those in quarantine: none of them read in this run yet."""
        self.merge()
        # set operations, not sub-queries: a table loaded a moment ago has no statistics for the planner to choose well by
        rows = self.conn.execute(sql.SQL("""
            ((select id from present except all select {key} from {raw} where _deleted_at is null)
             union
             (select p.id from present as p join ops.quarantine as q on q.record_id = p.id::text
              where q.source = %s and q.entity = %s and q.resolved_at is null))
            except select id from fetched
            order by 1""").format(raw=qualified(self.entity), key=sql.Identifier(self.entity.key)),
            [self.source, self.entity.name])
        tried = {r.record_id for r in self.rejected.values()}
        return [row[0] for row in rows if str(row[0]) not in tried]

    def tombstone(self, accept_deletions: bool) -> None:
        """Mark what the source no longer has. Raises SourceError when that is most of the table, unless told to accept it."""
        if self.entity.deletes == "keep" or (self.full and self.was_empty):
            return
        raw, key = qualified(self.entity), sql.Identifier(self.entity.key)
        gone = sql.SQL("r._deleted_at is null and not exists (select from present as p where p.id = r.{})").format(key)
        if not accept_deletions:
            live, lost = self.conn.execute(sql.SQL(
                "select (select count(*) from {0} where _deleted_at is null), (select count(*) from {0} as r where {1})"
            ).format(raw, gone)).fetchone()
            if lost > MASS_DELETION_ROWS and lost > live * MASS_DELETION_SHARE:
                raise SourceError(
                    f"{self.entity.name}: Odoo ya no muestra {lost:,} de {live:,} filas. Suele ser una regla de registro, una compañía "
                    "sin asignar al usuario o una base restaurada. No se borró nada. Revise los permisos del usuario en Odoo; "
                    "si el borrado es real, repita con --accept-deletions."
                )
        self.run.rows_deleted += self.conn.execute(
            sql.SQL("update {} as r set _deleted_at = clock_timestamp(), _loaded_at = clock_timestamp(), _run_id = %s where {}").format(raw, gone),
            [self.run.run_id]).rowcount

    def finish(self, watermark: datetime | None) -> None:
        """Write quarantine, watermark and the run row: the caller's commit makes them true together with the data."""
        self.merge()
        if self.full and self.was_empty:
            self._defaults(dict.fromkeys(("_source", "_loaded_at", "_run_id")))
        self._quarantine()
        last = self.conn.execute(sql.SQL("select max({}) from {}").format(sql.Identifier(self.entity.key), qualified(self.entity))).fetchone()[0]
        if self.run.rows_inserted + self.run.rows_updated > ANALYZE_FROM:
            self.conn.execute("set local default_statistics_target = 20")  # a fifth of the work; dbt reads these tables whole
            self.conn.execute(sql.SQL("analyze {}").format(qualified(self.entity)))
        self.run.watermark_to = watermark
        self.conn.execute(
            """insert into ops.watermark (source, entity, watermark, max_id, run_id, updated_at) values (%s, %s, %s, %s, %s, clock_timestamp())
               on conflict (source, entity) do update set watermark = excluded.watermark, run_id = excluded.run_id,
                   max_id = greatest(ops.watermark.max_id, excluded.max_id), updated_at = excluded.updated_at""",
            [self.source, self.entity.name, watermark, last, self.run.run_id])
        self.conn.execute(
            """update ops.run set status = 'ok', ended_at = clock_timestamp(), rows_read = %s, rows_inserted = %s, rows_updated = %s,
               rows_deleted = %s, rows_quarantined = %s, watermark_from = %s, watermark_to = %s, details = %s where run_id = %s""",
            [self.run.rows_read, self.run.rows_inserted, self.run.rows_updated, self.run.rows_deleted, self.run.rows_quarantined,
             self.run.watermark_from, watermark, Jsonb(self.run.details), self.run.run_id])

    def _quarantine(self) -> None:
        """Write new rejections once; close those whose row has since been loaded or is gone from the source."""
        self.run.rows_quarantined += len(self.rejected)
        still = [r.record_id for r in self.rejected.values() if r.record_id]
        self.conn.execute(sql.SQL("""
            with waiting as (
                select q.id, case when q.record_id ~ '^[0-9]{{1,18}}$' then q.record_id::bigint end as key
                from ops.quarantine as q
                where q.source = %s and q.entity = %s and q.resolved_at is null and not (q.record_id = any(%s))
            )
            update ops.quarantine set resolved_at = clock_timestamp() where id in (
                select w.id from waiting as w join {raw} as r on r.{key} = w.key where r._run_id = %s
                union all
                select w.id from waiting as w join fetched as f on f.id = w.key
                union all
                select w.id from waiting as w left join present as p on p.id = w.key
                where p.id is null and w.key is not null and exists (select from present))"""
        ).format(raw=qualified(self.entity), key=sql.Identifier(self.entity.key)),
            [self.source, self.entity.name, still, self.run.run_id])
        for r in self.rejected.values():
            self.conn.execute(
                """insert into ops.quarantine (run_id, source, entity, record_id, field, reason, payload)
                   select %(run)s, %(source)s, %(entity)s, %(id)s, %(field)s, %(reason)s, %(payload)s
                   where not exists (select from ops.quarantine as q where q.source = %(source)s and q.entity = %(entity)s
                       and q.resolved_at is null and q.record_id is not distinct from %(id)s
                       and q.field is not distinct from %(field)s and q.reason = %(reason)s)""",
                {"run": self.run.run_id, "source": self.source, "entity": self.entity.name, "id": storable(r.record_id),
                 "field": r.field, "reason": storable(r.reason), "payload": Jsonb(storable(r.payload))})
