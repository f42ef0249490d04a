"""What a replication would do, without doing it: `caudal replicate --dry-run`. It writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from psycopg import sql

from caudal import warehouse
from caudal.settings import settings
from sources import drift, tables, transports
from sources.contract import Entity, SourceError, Transport
from sources.odoo import mapping
from sources.odoo.paging import PAGE_ROWS
from sources.replicate import DEFAULT_CLIENTS, Request, look_back, resume, source_clock, why_full
from sources.state import read_state

CHUNK = 50_000  # keys read from the warehouse at once


@dataclass
class Plan:
    """What would happen to one entity. mode: completa | incremental | ausente. rows: to be read because they changed (or all); lacking:
    keys the source has and the warehouse does not; gone: keys that would become tombstones. Texts are Spanish."""

    entity: str
    mode: str = ""
    reason: str | None = None
    since: datetime | None = None
    rows: int = 0
    lacking: int = 0
    gone: int = 0
    notes: list[str] = field(default_factory=list)
    error: str | None = None


def plan(entities: Sequence[str] | None = None, asked: Request | None = None, clients: int = DEFAULT_CLIENTS) -> list[Plan]:
    """Look at each entity and say what `replicate` would do. Raises as `replicate` does; what stops one entity is in its `error`."""
    asked = asked or Request()
    chosen = mapping.select(mapping.load(mapping.path_of(settings().site)), entities)
    transport = transports.connect(transports.Options(clients, PAGE_ROWS))
    try:
        with warehouse.connect("load") as conn:
            conn.read_only = True
            return [_one(conn, entity, transport, asked) for entity in chosen]
    finally:
        transport.close()


def _one(conn: psycopg.Connection, entity: Entity, transport: Transport, asked: Request) -> Plan:
    found = Plan(entity.name)
    try:
        with conn.transaction():
            _look(conn, entity, transport, asked, found)
    except SourceError as error:
        found.error = str(error)
    return found


def _look(conn: psycopg.Connection, entity: Entity, transport: Transport, asked: Request, found: Plan) -> None:
    if entity.absent:
        found.mode = "ausente"
        return
    state = read_state(conn, transport.source, entity)
    fields = transport.describe(entity)
    reviewed = drift.review(entity, fields, state.fields, drift.pending(conn, transport.source, entity))
    found.notes += reviewed.warnings
    drift.check(reviewed, fields)
    entity = reviewed.entity
    present = tables.stored(conn, entity)
    filled = bool(present) and tables.filled(conn, entity)
    found.reason = why_full(entity, state, asked, tables.lacking(entity, present), filled) if present else "primera carga"
    found.mode = "completa" if found.reason else "incremental"
    found.since = None if found.reason else resume(state, asked)
    if filled and not asked.accept_rewind and (doubt := look_back(entity, transport, state, source_clock(transport))):
        found.notes.append(f"{entity.name}: {doubt} Se verificaría la entidad entera.")
    found.rows = transport.count(entity, found.since)
    found.lacking, found.gone = _difference(
        (key for chunk in transport.ids(entity) for key in chunk), _live(conn, entity) if present else iter(()))


def _live(conn: psycopg.Connection, entity: Entity) -> Iterator[int]:
    """The keys alive in the raw table, ascending."""
    with conn.cursor("live") as cursor:
        cursor.itersize = CHUNK
        cursor.execute(sql.SQL("select {key} from {raw} where _deleted_at is null order by {key}").format(
            key=sql.Identifier(entity.key), raw=tables.qualified(entity)))
        for row in cursor:
            yield row[0]


def _difference(theirs: Iterable[int], ours: Iterable[int]) -> tuple[int, int]:
    """How many keys only they have, and only we; both sides ascend, so that neither is held whole."""
    lacking = gone = 0
    left, right = iter(theirs), iter(ours)
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a < b):
            lacking, a = lacking + 1, next(left, None)
        elif a is None or b < a:
            gone, b = gone + 1, next(right, None)
        else:
            a, b = next(left, None), next(right, None)
    return lacking, gone
