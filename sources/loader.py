"""The loader of one entity: pages → staging table → guarded upsert → tombstones → quarantine → watermark and run row.

Everything between `begin` and `finish` is ONE transaction: killed anywhere, the raw table, the watermark and the run's counts
are as they were, and the next run gives the same table. Rows that did not change are not rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from caudal.runlog import Run
from sources import quarantine
from sources.contract import Census, Encoded, Entity, FieldInfo, Pulse, Rejection, SourceError
from sources.convert import NULL, Encoder
from sources.copying import REFUSED, OpenCopy
from sources.prints import SESSION
from sources.state import Ranges, State, Totals, Witness, write_state
from sources.tables import columns_ddl, filled, qualified

MERGE_EVERY = 20_000  # staged rows; merging as pages arrive hides its cost behind the network
SEGMENT_BYTES = 6 << 20
ANALYZE_FROM, ANALYZE_SHARE = 10_000, 0.1  # changed rows from which dbt should not wait for autovacuum's statistics
WORK_MEM = "64MB"  # staged rows are sorted in memory
MASS_DELETION_SHARE, MASS_DELETION_ROWS = 0.5, 100
NEWEST_ROWS = 10  # so many newest rows gone at once is no deletion that people make every day
COUNT_UPTO = 100_000  # rows whose count at the source costs nothing that is felt
WITNESSES = 20  # rows that the next run asks for again, to see whether the source went back in time
SCAN_FOR_WITNESSES = 1_000_000  # rows of a full read up to which the latest changes are sought in the whole table


class Loader:
    """Loads one entity within the caller's transaction on `conn`, counting into `run`."""

    def __init__(self, conn: psycopg.Connection, entity: Entity, source: str, run: Run, full: bool, state: State | None = None,
                 once: bool = False, segment_bytes: int = SEGMENT_BYTES) -> None:
        """once: the source gives no key twice, so that a first load may do without its index until the end. segment_bytes: of batches at most, kept until
        PostgreSQL has taken them, to find the row that it refused."""
        self.conn, self.entity, self.source, self.run, self.full = conn, entity, source, run, full
        self.state = state or State()
        self.silent = 0  # rows that changed though their change moment did not
        self.asked: list[int] = []  # keys in quarantine that the source was asked for by name
        self.knows_present = False
        self.steady = False  # the source need not be counted: see is_steady
        self._totals = self.state.totals
        self._remember = True
        self.encoder = Encoder(entity.read, entity.key)
        self.straight, self.once, self.segment_bytes = False, once, segment_bytes
        self._keeps_open, self._open, self._without = False, None, None
        self.rejected: dict[tuple[str | None, str | None, str], Rejection] = {}
        self.staged, self._merged = 0, False
        self.was_empty = False
        self._statements()

    def _statements(self) -> None:
        names = [sql.Identifier(c.name) for c in self.entity.read]
        raw, key = qualified(self.entity), sql.Identifier(self.entity.key)
        listed = sql.SQL(", ").join(names)
        self.straight_sql = sql.SQL("copy {} ({}) from stdin").format(raw, listed)
        self.copy_sql = sql.SQL("copy stage ({}) from stdin").format(listed)
        # What is stored is looked up once, and a changed row written where it was found: `on conflict` looks, locks and then writes, and does
        # not tell what was there before. Nobody else writes while we hold the entity's lock.
        self.merge_sql = sql.SQL("""
            with found as materialized (
                select s.*, r.ctid as _place, r.{key} is null as _is_new, r._deleted_at is null as _was_live,
                    {amount} as _was_amount, {change} as _was_change
                from (select distinct on ({key}) * from stage order by {key}, ctid desc) as s left join {raw} as r on r.{key} = s.{key}
                where r.{key} is null or ({old}, r._source, r._deleted_at) is distinct from ({new}, {source}, null)
            ),
            updated as (
                update {raw} as r set {sets}, _source = {source}, _loaded_at = clock_timestamp(), _run_id = {run}, _deleted_at = null
                from found as s where r.ctid = s._place
                returning r.{key} as key, {amount} as amount, {change} as change, s._was_live, s._was_amount, s._was_change
            ),
            inserted as (
                insert into {raw} as r ({cols}, _source, _loaded_at, _run_id)
                select {cols}, {source}, clock_timestamp(), {run} from found where _is_new
                returning r.{key} as key, {amount} as amount
            ),
            written as (
                select key, amount, true as is_new, false as was_live, null::numeric as was_amount, false as is_silent from inserted
                union all
                select key, amount, false, _was_live, _was_amount, coalesce(_was_live and change = _was_change, false) from updated
            )
            select count(*) filter (where is_new), count(*) filter (where not is_new),
                count(*) filter (where not was_live), coalesce(sum(key) filter (where not was_live), 0),
                coalesce(sum(amount), 0) - coalesce(sum(was_amount) filter (where was_live), 0),
                count(*) filter (where is_silent)
            from written""").format(
            raw=raw, cols=listed, key=key, source=sql.Literal(self.source), run=sql.Literal(self.run.run_id),
            amount=self._column(self.entity.amount, "numeric"), change=self._column(self.entity.change, "timestamptz"),
            sets=sql.SQL(", ").join(sql.SQL("{0} = s.{0}").format(n) for n in names if n != key),
            old=sql.SQL(", ").join(sql.SQL("r.{}").format(n) for n in names),
            new=sql.SQL(", ").join(sql.SQL("s.{}").format(n) for n in names),
        )

    def _column(self, name: str | None, sql_type: str) -> sql.Composed:
        """The column `name` of the raw table called r, or NULL where the entity has none."""
        return sql.SQL("r.{}").format(sql.Identifier(name)) if name else sql.SQL("null::{}").format(sql.SQL(sql_type))

    def begin(self) -> None:
        """Make the staging tables, gone when the transaction ends. A first load has nothing to compare with and goes straight to raw."""
        self.conn.execute(SESSION)  # what comes without a time zone is UTC
        self.conn.execute(sql.SQL("create temporary table stage ({}) on commit drop").format(columns_ddl(self.entity)))
        self.conn.execute("create temporary table present (id bigint not null) on commit drop")
        self.conn.execute("create temporary table fetched (id bigint not null, changed timestamptz, created timestamptz) on commit drop")
        self.conn.execute(sql.SQL("set local work_mem = {}").format(WORK_MEM))
        self.was_empty = not filled(self.conn, self.entity)
        self._remember = not (self.full and self.was_empty)  # else no one asks what was fetched
        if self.was_empty:
            self._totals = Totals(amount=Decimal(0) if self.entity.amount else None)
        if self.full and self.was_empty:
            self.straight, self._totals = True, None  # counted when all is in
            now = self.conn.execute("select clock_timestamp()").fetchone()[0]
            self._defaults({"_source": self.source, "_loaded_at": now, "_run_id": self.run.run_id})
            if self.once:
                self._drop_key()

    def _defaults(self, values: dict[str, Any]) -> None:
        """What COPY puts where it is given nothing (None: no default); quicker than to send it with each row."""
        changes = [
            sql.SQL("alter {} drop default").format(sql.Identifier(name)) if value is None
            else sql.SQL("alter {} set default {}").format(sql.Identifier(name), sql.Literal(value)) for name, value in values.items()]
        self.conn.execute(sql.SQL("alter table {} {}").format(qualified(self.entity), sql.SQL(", ").join(changes)))

    def _drop_key(self) -> None:
        """Built when all rows are in, the key costs half of what it costs to keep from the first row on."""
        raw = qualified(self.entity)
        name = self.conn.execute("select conname from pg_constraint where conrelid = %s::regclass and contype = 'p'", [raw.as_string()]).fetchone()
        if name is None:
            return
        try:
            with self.conn.transaction():
                self.conn.execute(sql.SQL("alter table {} drop constraint {}").format(raw, sql.Identifier(name[0])))
        except psycopg.errors.DependentObjectsStillExist:  # a view of someone's groups by it
            return
        self._without = name[0]

    def _build_key(self) -> None:
        """Raises SourceError when the source gave a key twice after all."""
        if self._without is None:
            return
        name, self._without = self._without, None
        try:
            with self.conn.transaction():
                self.conn.execute(sql.SQL("alter table {} add constraint {} primary key ({})").format(
                    qualified(self.entity), sql.Identifier(name), sql.Identifier(self.entity.key)))
        except psycopg.errors.UniqueViolation as error:
            raise SourceError(f"{self.entity.name}: {self.entity.model} da dos filas con la misma clave ({error.diag.message_detail}). No se escribió nada.") from None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within, COPY stays open from one batch to the next, some megabytes at a time."""
        self._keeps_open = True
        try:
            yield
            self._settle()
            self._build_key()
        except BaseException as error:
            opened, self._open = self._open, None
            if opened is not None:
                opened.abandon(error)
            raise
        finally:
            self._keeps_open = False

    def add(self, batch: Encoded) -> None:
        """Store one batch; its bad rows go to quarantine and the rest goes on."""
        self.run.rows_read += batch.count
        for rejection in batch.rejections:
            self._reject(rejection)
        if batch.good and self._keeps_open:
            self._write(batch)
        elif batch.good:
            self._copy_batch(batch)
        if self.staged + (self._open.rows if self._open is not None and not self.straight else 0) >= MERGE_EVERY:
            self.merge()

    def _write(self, batch: Encoded) -> None:
        if self._open is None:
            self._clear()
            self._open = OpenCopy(self.conn, self.straight_sql if self.straight else self.copy_sql)
        try:
            self._open.write(batch)
        except REFUSED:
            self._again()
        else:
            if self._open.size >= self.segment_bytes:
                self._settle()

    def _settle(self) -> None:
        """End the open COPY, if there is one: what was written is in, or each of its batches is tried alone."""
        if self._open is None:
            return
        try:
            self._open.close()
        except REFUSED:
            self._again()
        else:
            self._count(self._open.rows)
            self._open = None

    def _again(self) -> None:
        opened, self._open = self._open, None
        for batch in opened.batches:
            self._copy_batch(batch)

    def _copy_batch(self, batch: Encoded) -> None:
        try:
            self._copy(batch.text, batch.good)
        except psycopg.DataError:
            self._copy_one_by_one(batch)

    def _copy(self, text: bytes, rows: int) -> None:
        if self.straight:
            try:
                self._send(self.straight_sql, text)
                self._count(rows)
                return
            except psycopg.errors.UniqueViolation:  # the source gave a key twice, its row having changed meanwhile: merge from here on
                self.straight = False
        self._clear()
        self._send(self.copy_sql, text)
        self._count(rows)

    def _clear(self) -> None:
        """Empty the stage of what was merged: only when something follows, and outside of the savepoint that it may fail in."""
        if self._merged:
            self.conn.execute("truncate stage")
            self._merged = False

    def _count(self, rows: int) -> None:
        if self.straight:
            self.run.rows_inserted += rows
        else:
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
        """Upsert what is staged."""
        self._settle()
        if not self.staged:
            return
        inserted, updated, rows, key_sum, amount, silent = self.conn.execute(self.merge_sql).fetchone()
        self.run.rows_inserted += inserted
        self.run.rows_updated += updated
        self.silent += silent
        if self._totals is not None:
            self._totals = self._totals.plus(rows, key_sum, amount)
        if self._remember:
            self.conn.execute(sql.SQL("insert into fetched select r.{}, {}, {} from stage as r").format(
                sql.Identifier(self.entity.key), self._column(self.entity.change, "timestamptz"), self._column(self.entity.created, "timestamptz")))
        self.staged, self._merged = 0, True

    def totals(self) -> Totals:
        """What is alive in the raw table now: known from run to run, counted where nobody knows."""
        self.merge()
        return self._totals if self._totals is not None else self.recount()

    def recount(self) -> Totals:
        """Count what is alive in the raw table, whatever earlier runs said."""
        self.merge()
        rows, key_sum, amount = self.conn.execute(sql.SQL(
            "select count(*), coalesce(sum(r.{key}), 0), {amount} from {raw} as r where r._deleted_at is null").format(
                key=sql.Identifier(self.entity.key), raw=qualified(self.entity),
                amount=sql.SQL("coalesce(sum({}), 0)").format(self._column(self.entity.amount, "numeric")) if self.entity.amount
                else sql.SQL("null::numeric"))).fetchone()
        self._totals = Totals(rows, key_sum, amount)
        return self._totals

    def agrees(self, census: Census) -> bool:
        """Whether the source has the keys that we have, and those that are kept out, by its count of them."""
        totals, out = self.totals(), self._kept_out()
        highest = self.conn.execute(sql.SQL("select max({}) from {} where _deleted_at is null").format(
            sql.Identifier(self.entity.key), qualified(self.entity))).fetchone()[0]
        expected = Census(totals.rows + len(out), int(totals.key_sum) + sum(out), max([highest or 0, *out]) or None)
        return census == expected

    def is_steady(self, pulse: Pulse | None) -> bool:
        """Whether the source's server counted no deletion since the last run, and no more insertions than rows that were new to us.

        Its counts may come a minute late: then the next run sees what this one did not. Only for a table that is dear to count.
        """
        before, totals = self.state.pulse, self.totals()
        return (totals.rows > COUNT_UPTO and before is not None and pulse is not None and before.epoch == pulse.epoch and not self.rejected
                and pulse.deleted == before.deleted and pulse.inserted - before.inserted == self.run.rows_inserted)

    def waiting(self) -> list[int]:
        """Keys in quarantine that were not read in this run."""
        self.merge()
        found = self.conn.execute(
            """select q.record_id::bigint from ops.quarantine as q
               where q.source = %s and q.entity = %s and q.resolved_at is null and q.record_id ~ '^[0-9]{1,18}$'
               except select id from fetched order by 1""", [self.source, self.entity.name])
        tried = {r.record_id for r in self.rejected.values()}
        self.asked = [row[0] for row in found if str(row[0]) not in tried]
        return self.asked

    def late(self, since: datetime) -> str | None:
        """Why increments cannot be trusted (Spanish), when rows born since the last run say that they changed before `since`."""
        if self.state.max_id is None or self.entity.change is None:
            return None
        self.merge()
        rows = self.conn.execute(sql.SQL(
            """select count(*) from (select distinct id from fetched where id > {last}) as f cross join lateral (
                   select from {raw} as r where r.{key} = f.id and r.{change} < {since} offset 0) as r""").format(
                last=sql.Literal(self.state.max_id), raw=qualified(self.entity), key=sql.Identifier(self.entity.key),
                change=sql.Identifier(self.entity.change), since=sql.Literal(since))).fetchone()[0]
        if not rows:
            return None
        return (f"{rows:,} filas nuevas traen una fecha de modificación anterior a lo ya leído "
                "(una transacción muy larga, o el reloj de Odoo atrasado).")

    def _kept_out(self) -> list[int]:
        """Keys that the source has and the raw table cannot hold: rejected now or in quarantine, and not alive in an earlier form."""
        return [row[0] for row in self.conn.execute(sql.SQL(
            """select x.id from (
                   select unnest(%s::bigint[]) union
                   select q.record_id::bigint from ops.quarantine as q
                   where q.source = %s and q.entity = %s and q.resolved_at is null and q.record_id ~ '^[0-9]{{1,18}}$'
                     and not exists (select from fetched as f where f.id = q.record_id::bigint)
               ) as x (id)
               where not exists (select from {raw} as r where r.{key} = x.id and r._deleted_at is null)"""
        ).format(raw=qualified(self.entity), key=sql.Identifier(self.entity.key)), [self._rejected_keys(), self.source, self.entity.name])]

    def _rejected_keys(self) -> list[int]:
        """Keys of the rows rejected in this run: the source has them."""
        return [int(r.record_id) for r in self.rejected.values() if r.record_id and r.record_id.isdigit() and len(r.record_id) <= 18]

    def note_present(self, chunks: Iterable[list[int]]) -> None:
        """Remember the source's own list of keys."""
        with self.conn.cursor() as cursor, cursor.copy("copy present from stdin") as copy:
            for ids in chunks:
                if ids:
                    copy.write(("\n".join(map(str, ids)) + "\n").encode())
        self.conn.execute("analyze present")
        self.knows_present = True

    def note_fetched_is_present(self) -> None:
        """After a full read the rows read are the source's list; rejected rows exist there too."""
        self.merge()
        self.conn.execute("insert into present select id from fetched")
        self.conn.execute("insert into present select unnest(%s::bigint[])", [self._rejected_keys()])
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

    def tombstone(self, accept_deletions: bool, ranges: Ranges | None = None) -> None:
        """Mark what the source no longer has: by its list of keys, or within `ranges` by the rows that were read of them.

        Raises SourceError when that is most of the table, or all of its newest rows, unless told to accept it.
        """
        self.merge()
        if self.entity.deletes == "keep" or (self.full and self.was_empty and ranges is None):
            return
        key = sql.Identifier(self.entity.key)
        if ranges is None:
            among = sql.SQL("{} as r where ").format(qualified(self.entity))
            shown = sql.SQL("present")
        else:
            among = sql.SQL("unnest({}::bigint[]) as low cross join lateral (select * from {} as r where r.{} >= low and r.{} < low + {}) as r where ").format(
                sql.Literal([low * ranges.width for low in ranges.numbers]), qualified(self.entity), key, key, sql.Literal(ranges.width))
            shown = sql.SQL("(select id from fetched union all select unnest({}::bigint[]))").format(sql.Literal(self._rejected_keys()))
        self.conn.execute("create temporary table if not exists gone (id bigint not null) on commit drop")
        self.conn.execute(sql.SQL("truncate gone; insert into gone select r.{key} from {among} r._deleted_at is null "
                                  "and not exists (select from {shown} as p where p.id = r.{key})").format(key=key, among=among, shown=shown))
        lost = self.conn.execute("select count(*) from gone").fetchone()[0]
        if lost and not accept_deletions:
            self._check_loss(lost)
        if lost:
            rows, key_sum, amount = self.conn.execute(sql.SQL("""
                with marked as (
                    update {raw} as r set _deleted_at = clock_timestamp(), _loaded_at = clock_timestamp(), _run_id = {run}
                    from gone where r.{key} = gone.id returning r.{key} as key, {amount} as amount)
                select count(*), sum(key), coalesce(sum(amount), 0) from marked""").format(
                    raw=qualified(self.entity), run=sql.Literal(self.run.run_id), key=key,
                    amount=self._column(self.entity.amount, "numeric"))).fetchone()
            self.run.rows_deleted += rows
            if self._totals is not None:
                self._totals = self._totals.plus(-rows, -key_sum, -amount)

    def _check_loss(self, lost: int) -> None:
        """Raises SourceError when what is gone is more than people delete."""
        live = self.totals().rows
        if lost > MASS_DELETION_ROWS and lost > live * MASS_DELETION_SHARE:
            raise SourceError(
                f"{self.entity.name}: Odoo ya no muestra {lost:,} de {live:,} filas. Suele ser una regla de registro, una compañía "
                "sin asignar al usuario o una base restaurada. No se borró nada. Revise los permisos del usuario en Odoo; "
                "si el borrado es real, repita con --accept-deletions."
            )
        newest = len(self.state.witnesses) >= NEWEST_ROWS and self.conn.execute(sql.SQL(
            """select not exists (select unnest(%s::bigint[]) except select id from gone)
                  and (select max({key}) from {raw} where _deleted_at is null) in (select id from gone)""").format(
                key=sql.Identifier(self.entity.key), raw=qualified(self.entity)), [list(self.state.witnesses)]).fetchone()[0]
        if newest:
            raise SourceError(
                f"{self.entity.name}: la base de Odoo parece restaurada de un respaldo: ya no están {lost:,} filas, entre ellas todas las que "
                "cambiaron de último y la de número más alto. No se escribió nada. Si se restauró, o si de verdad se borró lo último que se "
                "registró, repita con --accept-rewind."
            )

    def compare(self) -> None:
        """From here on rows are read to be compared with what is stored: what changes is counted as silent from now."""
        self.merge()
        self.silent = 0

    def finish(self, watermark: datetime | None, fields: Mapping[str, FieldInfo] | None = None, sevenths: Mapping[int, date] | None = None,
               pulse: Pulse | None = None) -> None:
        """Write quarantine, watermark and the run row: the caller's commit makes them true together with the data.

        fields: the source's, remembered to see what changes in them (None: nothing is known of them). sevenths: see `State`; None leaves them as they are.
        pulse: what the source's server had counted when the run began.
        """
        totals, witnesses = self.totals(), self._witnesses()
        if self.full and self.was_empty:
            self._defaults(dict.fromkeys(("_source", "_loaded_at", "_run_id")))
        self.run.rows_quarantined += len(self.rejected)
        quarantine.close(self.conn, self.entity, self.source, self.run.run_id, self.rejected.values(), self.asked)
        quarantine.write(self.conn, self.entity.name, self.source, self.run.run_id, self.rejected.values())
        if self.run.rows_inserted + self.run.rows_updated > max(ANALYZE_FROM, totals.rows * ANALYZE_SHARE):
            self.conn.execute("set local default_statistics_target = 20")  # a fifth of the work; dbt reads these tables whole
            self.conn.execute(sql.SQL("analyze {}").format(qualified(self.entity)))
        self.run.watermark_to = watermark
        highest = self.conn.execute(sql.SQL("select max({}) from {}").format(sql.Identifier(self.entity.key), qualified(self.entity))).fetchone()[0]
        write_state(self.conn, self.source, self.entity, self.run.run_id, State(
            watermark, None, dict(fields or {}), totals, highest, witnesses, dict(self.state.sevenths if sevenths is None else sevenths), pulse))
        self.conn.execute(
            """update ops.run set status = 'ok', ended_at = clock_timestamp(), rows_read = %s, rows_inserted = %s, rows_updated = %s,
               rows_deleted = %s, rows_quarantined = %s, watermark_from = %s, watermark_to = %s, details = %s where run_id = %s""",
            [self.run.rows_read, self.run.rows_inserted, self.run.rows_updated, self.run.rows_deleted, self.run.rows_quarantined,
             self.run.watermark_from, watermark, Jsonb(self.run.details), self.run.run_id])

    def _witnesses(self) -> dict[int, Witness]:
        """The rows that changed last, as the source dates them: among those read now and the earlier witnesses, or in the whole table."""
        if self.entity.change is None:
            return {}
        created = self.entity.created
        what = sql.SQL("r.{} as key, {} as changed, {} as created").format(
            sql.Identifier(self.entity.key), self._column(self.entity.change, "timestamptz"), self._column(created, "timestamptz"))
        live = sql.SQL("r._deleted_at is null and {} is not null").format(self._column(self.entity.change, "timestamptz"))
        raw, key = qualified(self.entity), sql.Identifier(self.entity.key)
        if not self.full:
            query = sql.SQL("""with latest as (select id, changed from fetched where changed is not null order by changed desc limit {n})
                               select r.* from (select id from latest union select unnest({keys}::bigint[])) as f (id)
                               cross join lateral (select {what} from {raw} as r where r.{key} = f.id and {live} offset 0) as r
                               order by changed desc limit {n}""")
        elif self.totals().rows <= SCAN_FOR_WITNESSES:
            query = sql.SQL("select {what} from {raw} as r where {live} order by changed desc limit {n}")
        else:  # the newest rows will do, which the primary key finds
            query = sql.SQL("select {what} from {raw} as r where {live} order by r.{key} desc limit {n}")
        rows = self.conn.execute(query.format(what=what, raw=raw, key=key, live=live, keys=sql.Literal(list(self.state.witnesses)),
                                              n=sql.Literal(WITNESSES))).fetchall()
        return {row[0]: Witness(row[1], row[2]) for row in rows}
