"""Which rows make a difference, and why: the source's list of ids against ours, then the rows of the days that differ, side by side.

Works within the caller's transaction: the list of ids is a temporary table there, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import psycopg
from psycopg import sql

from sources.contract import Encoded, Entity, Transport
from sources.convert import NULL, Encoder, moment_of
from sources.reconciliation import reasons
from sources.reconciliation.compare import Group
from sources.reconciliation.reasons import Record, Side
from sources.tables import qualified

MOST_EXAMINED = 50_000  # rows asked for again, at most: beyond that a table is not slightly off, it is another one
ESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}


class Explainer:
    """Explains the groups of one entity that differ."""

    def __init__(self, conn: psycopg.Connection, entity: Entity, transport: Transport, since: date | None) -> None:
        self.conn, self.entity, self.transport, self.since = conn, entity, transport, since
        self.raw, self.key = qualified(entity), sql.Identifier(entity.key)
        self.names = [entity.key, entity.day, entity.state, entity.amount, entity.change]
        self.watermark: datetime | None = None

    def explain(self, groups: Sequence[Group]) -> list[Record]:
        """The rows that differ, by id, of the days of `groups`; at most MOST_EXAMINED of a kind are looked at, the latest first."""
        mark = self.conn.execute(
            "select watermark from ops.watermark where source = %s and entity = %s", [self.transport.source, self.entity.name]).fetchone()
        self.watermark = mark[0] if mark else None
        self._note_seen()
        days = list({group.key[0] for group in groups})
        only_source, only_ours, both = self._only_source(), self._only_ours(), self._both(days)
        theirs, refused = self._ask([*only_source, *both])
        ours = self._ours([*only_ours, *both])
        theirs |= refused
        theirs = {i: side for i, side in theirs.items() if self.since is None or i in ours or (side.day and side.day >= self.since)}
        quarantine = self._quarantine([*only_source, *both])
        still_there = self.transport.existing(self.entity, only_ours)
        found = [self._one(i, theirs.get(i), ours.get(i), quarantine, still_there, i in refused) for i in sorted({*theirs, *ours})]
        return [record for record in found if record is not None]

    def _one(self, i: int, source: Side | None, ours: Side | None, quarantine: dict[int, str], still_there: set[int] | None,
             is_refused: bool) -> Record | None:
        """Why the row differs; None when it does not, or is on neither side any more."""
        if source is None:
            if still_there is None:
                return Record(i, None, ours, reasons.GONE)
            if i in still_there:
                return Record(i, None, ours, reasons.HIDDEN)
            return Record(i, None, ours, reasons.KEPT if self.entity.deletes == "keep" else reasons.DELETED)
        if ours is not None and not is_refused and (source.key, source.amount) == (ours.key, ours.amount):
            return None
        if i in quarantine or is_refused:
            return Record(i, source, ours, reasons.QUARANTINED, quarantine.get(i))
        later = self._is_later(source)
        if ours is None:
            return Record(i, source, None, reasons.CREATED_LATER if later else reasons.MISSING)
        if self.entity.change is None:
            return Record(i, source, ours, reasons.CHANGED_LATER)
        if not _is_newer(source.changed_at, ours.changed_at):
            return Record(i, source, ours, reasons.SILENT)
        return Record(i, source, ours, reasons.CHANGED_LATER if later else reasons.MISSED)

    def _is_later(self, side: Side) -> bool:
        """Whether the next incremental run will read it: it changed at or after where that begins. An entity without a change column is read whole."""
        if self.entity.change is None:
            return True
        return self.watermark is None or (side.changed_at is not None and side.changed_at >= self.watermark)

    # ---------- which ids

    def _note_seen(self) -> None:
        self.conn.execute("create temporary table seen (id bigint not null) on commit drop")
        with self.conn.cursor() as cursor, cursor.copy("copy seen from stdin") as copy:
            for ids in self.transport.ids(self.entity):
                if ids:
                    copy.write(("\n".join(map(str, ids)) + "\n").encode())
        self.conn.execute("analyze seen")

    def _ids(self, query: str, params: Sequence[object] = ()) -> list[int]:
        composed = sql.SQL(query).format(raw=self.raw, key=self.key, scope=self._scope())
        return [row[0] for row in self.conn.execute(composed, [*params, MOST_EXAMINED])]

    def _scope(self) -> sql.Composable:
        if self.since is None or self.entity.day is None:
            return sql.SQL("true")
        return sql.SQL("r.{} >= {}").format(sql.Identifier(self.entity.day), sql.Literal(self.since))

    def _only_source(self) -> list[int]:
        return self._ids("select id from seen except select {key} from {raw} where _deleted_at is null order by 1 desc limit %s")

    def _only_ours(self) -> list[int]:
        return self._ids("""select r.{key} from {raw} as r where r._deleted_at is null and {scope}
                            and not exists (select from seen as s where s.id = r.{key}) order by 1 desc limit %s""")

    def _both(self, days: Sequence[date | None]) -> list[int]:
        condition = sql.SQL("true")
        if self.entity.day:
            day = sql.SQL("r.{}").format(sql.Identifier(self.entity.day))
            condition = sql.SQL("({0} = any(%s) or ({0} is null and %s))").format(day)
        query = sql.SQL("""select r.{key} from {raw} as r join seen as s on s.id = r.{key}
                           where r._deleted_at is null and {condition} order by 1 desc limit %s""").format(
            raw=self.raw, key=self.key, condition=condition)
        params = [[d for d in days if d], None in days] if self.entity.day else []
        return [row[0] for row in self.conn.execute(query, [*params, MOST_EXAMINED])]

    # ---------- what each side says

    def _ask(self, ids: Sequence[int]) -> tuple[dict[int, Side], dict[int, Side]]:
        """The source's rows, converted as the loader converts them; and those that it would refuse."""
        # only what is compared: quicker, and a field that Odoo has lost since does not stop us
        asked = replace(self.entity, columns=tuple(column for column in self.entity.read if column.name in self.names))
        encoder = Encoder(asked.read, asked.key)
        columns = [column.name for column in asked.read]
        at = [columns.index(name) if name in columns else None for name in self.names]
        good: dict[int, Side] = {}
        refused: dict[int, Side] = {}
        for batch in self.transport.rows(asked, ids):
            if isinstance(batch, Encoded):
                text, rejections = batch.text, batch.rejections
            else:
                text, _, rejections = encoder.encode(batch.rows)
            for line in text.decode("utf-8", "replace").split("\n")[:-1]:  # not splitlines: a text may hold other line separators
                cells = line.split("\t")
                key, *rest = (None if i is None or cells[i] == NULL else cells[i] for i in at)
                good[int(key)] = self._side(*rest)
            for r in rejections:
                if r.record_id and r.record_id.isdigit():
                    refused[int(r.record_id)] = self._refused(r.payload)
        return good, refused

    def _side(self, day: str | None, state: str | None, amount: str | None, changed: str | None) -> Side:
        return Side(
            date.fromisoformat(day) if day else None, _unescaped(state) or None, self._amount(amount),
            moment_of(changed) if changed else None)

    def _amount(self, text: str | Decimal | None) -> Decimal | None:
        """RD$; an empty amount is 0, which over RPC cannot be told from it. None where the entity has no amount."""
        return Decimal(text or 0).quantize(Decimal("0.01")) if self.entity.amount else None

    def _refused(self, payload: dict) -> Side:
        """Where a row that cannot be stored belongs, as far as it says: a bad date puts it among those without a day."""
        said = {name: payload.get(self.entity.column(name).source) for name in (self.entity.day, self.entity.state, self.entity.amount) if name}
        try:
            day = date.fromisoformat(str(said.get(self.entity.day)))
        except ValueError:
            day = None
        try:
            amount = self._amount(str(said.get(self.entity.amount) or 0))
        except InvalidOperation:
            amount = None
        return Side(day, said.get(self.entity.state) or None, amount, None)

    def _ours(self, ids: Sequence[int]) -> dict[int, Side]:
        columns = sql.SQL(", ").join(sql.Identifier(name) if name else sql.SQL("null") for name in self.names)
        rows = self.conn.execute(
            sql.SQL("select {} from {} where _deleted_at is null and {} = any(%s)").format(columns, self.raw, self.key), [list(ids)])
        return {i: Side(day, state or None, self._amount(amount), changed) for i, day, state, amount, changed in rows}

    def _quarantine(self, ids: Iterable[int]) -> dict[int, str]:
        rows = self.conn.execute(
            """select record_id::bigint, min(concat_ws(': ', field, reason)) from ops.quarantine
               where source = %s and entity = %s and resolved_at is null and record_id = any(%s) group by record_id""",
            [self.transport.source, self.entity.name, [str(i) for i in ids]])
        return dict(rows.fetchall())


def _is_newer(theirs: datetime | None, ours: datetime | None) -> bool:
    """Whether the source's moment is after ours; ours may have come over RPC, which cuts it to the second."""
    if theirs is None or ours is None:
        return theirs is not None
    return (theirs if ours.microsecond else theirs.replace(microsecond=0)) > ours


def _unescaped(text: str | None) -> str | None:
    """COPY's escapes undone; a state hardly ever has one."""
    if text and "\\" in text:
        for escape, plain in ESCAPED.items():
            text = text.replace(escape, plain)
    return text
