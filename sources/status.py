"""How replication stands, entity by entity: what `ops` and `raw` remember of it. Asks the warehouse only; the source may be down.

    from sources.status import status
    late = [s.entity for s in status() if not s.is_fine]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from caudal import warehouse
from caudal.settings import settings
from sources.contract import Entity
from sources.odoo import mapping
from sources.tables import qualified

LATE_AFTER = timedelta(hours=26)  # a nightly run, and the two hours that a bad night may take more

State = Literal["ok", "running", "late", "failed", "never", "absent"]


@dataclass(frozen=True)
class EntityStatus:
    """One entity. Times are timestamptz, lags seconds; the `rows_…` of a run are those of the last one that ended.

    `state`: ok | running (and not late) | late (no good run for 26 hours) | failed (the last run that ended did) | never (no run ended yet) |
    absent (this site has no such thing). `seconds_since_ok` and `watermark_lag_seconds` are taken at the same moment, the warehouse's now.
    `reconciliation`: of the last check, at the end of a replication or by `caudal reconcile`. `drift`: the open rows of `ops.schema_drift`,
    fields of the source that are no longer what the mapping or the last good run knew.
    `error`: of the last failure, whether or not it has been mended since; `error_at` says when.
    """

    entity: str
    model: str
    table: str
    state: State
    run_id: int | None
    mode: str | None
    started_at: datetime | None
    ended_at: datetime | None
    rows_read: int | None
    rows_inserted: int | None
    rows_updated: int | None
    rows_deleted: int | None
    rows_quarantined: int | None
    last_ok_at: datetime | None
    seconds_since_ok: int | None
    watermark: datetime | None
    watermark_lag_seconds: int | None
    rows_live: int | None
    rows_tombstoned: int | None
    quarantine_open: int
    reconciliation: str | None
    drift: list[dict[str, Any]]
    error: str | None
    error_at: datetime | None

    @property
    def is_fine(self) -> bool:
        """Whether nobody has to do anything."""
        return self.state in ("ok", "running", "absent")

    @property
    def rows_changed(self) -> int | None:
        """Rows written by the last run that ended: new, changed and deleted ones."""
        return None if self.run_id is None else self.rows_inserted + self.rows_updated + self.rows_deleted

    def as_dict(self) -> dict[str, Any]:
        """Its fields as JSON has them, times in ISO 8601."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}


# one index probe for each of an entity's last runs, however many years of them there are
STATE = """
    select e.entity, clock_timestamp() as now, ended.run_id, ended.status, ended.details ->> 'mode' as mode, ended.started_at, ended.ended_at,
        ended.rows_read, ended.rows_inserted, ended.rows_updated, ended.rows_deleted, ended.rows_quarantined, good.ended_at as last_ok_at,
        coalesce((select jsonb_agg(jsonb_build_object('field', d.field, 'change', d.change, 'action', d.action, 'old_type', d.old_type,
            'new_type', d.new_type, 'new_field', d.new_field, 'first_seen_at', d.first_seen_at) order by d.id) from ops.schema_drift as d
            where d.source = ended.details ->> 'source' and d.entity = e.entity and d.resolved_at is null), '[]') as drift, failed.error, failed.ended_at as error_at, running.run_id is not null as is_running,
        mark.watermark, (select count(*) from ops.quarantine as q
            where q.source = ended.details ->> 'source' and q.entity = e.entity and q.resolved_at is null) as quarantine_open,
        (select r.status from ops.reconciliation as r where r.entity = e.entity order by r.id desc limit 1) as reconciliation
    from unnest(%s::text[]) as e (entity)
    left join lateral (select * from ops.run as r where r.pipeline = 'replicate' and r.entity = e.entity and r.status <> 'running'
        order by r.started_at desc limit 1) as ended on true
    left join lateral (select * from ops.run as r where r.pipeline = 'replicate' and r.entity = e.entity and r.status = 'ok'
        order by r.started_at desc limit 1) as good on true
    left join lateral (select * from ops.run as r where r.pipeline = 'replicate' and r.entity = e.entity and r.status = 'failed'
        order by r.started_at desc limit 1) as failed on true
    left join lateral (select * from ops.run as r where r.pipeline = 'replicate' and r.entity = e.entity and r.status = 'running'
        and r.run_id > coalesce(ended.run_id, 0) order by r.started_at desc limit 1) as running on true
    left join ops.watermark as mark on mark.source = ended.details ->> 'source' and mark.entity = e.entity"""


def status(entities: Sequence[str] | None = None) -> list[EntityStatus]:
    """How the entities called `entities` (None: all of the site's mapping) stand, in the mapping's order.

    Raises MappingError for a wrong mapping or an unknown name, WarehouseUnavailable when the warehouse does not answer or was never made.
    """
    chosen = mapping.select(mapping.load(mapping.path_of(settings().site)), entities)
    with warehouse.connect("load") as conn, conn.cursor(row_factory=dict_row) as cursor:
        _require_tables(conn)
        found = {row.pop("entity"): row for row in cursor.execute(STATE, [[entity.name for entity in chosen]])}
        counts = _count(conn, chosen)
    return [_entity_status(entity, found[entity.name], counts.get(entity.name)) for entity in chosen]


def largest_first() -> list[str]:
    """The entities of the site's mapping, those that will take longest first: never loaded, then by the size of their table.

    With several read at once, that order leaves no long one for the end. Raises as `status` does.
    """
    entities = mapping.load(mapping.path_of(settings().site))
    with warehouse.connect("load") as conn:
        size = dict(conn.execute("select relname, pg_table_size(oid) from pg_class where relnamespace = to_regnamespace('raw') and relkind = 'r'"))
    ordered = sorted(entities, key=lambda entity: (entity.absent, -size.get(entity.table, float("inf"))))
    return [entity.name for entity in ordered]


def _require_tables(conn: psycopg.Connection) -> None:
    if conn.execute("select to_regclass('ops.schema_drift')").fetchone()[0] is None:  # the latest of those that STATE reads
        raise warehouse.WarehouseUnavailable("Al almacén le faltan tablas de esta versión. Ejecute `caudal postgres start` y `caudal replicate`.")


def _count(conn: psycopg.Connection, entities: Sequence[Entity]) -> dict[str, tuple[int, int]]:
    """Live rows and tombstones of each entity that has a table."""
    present = {row[0] for row in conn.execute("select relname from pg_class where relnamespace = to_regnamespace('raw')")}
    counts = [
        sql.SQL("select {}, count(*) filter (where _deleted_at is null), count(_deleted_at) from {}").format(sql.Literal(e.name), qualified(e))
        for e in entities if e.table in present]
    return {name: (live, gone) for name, live, gone in conn.execute(sql.SQL(" union all ").join(counts))} if counts else {}


def _entity_status(entity: Entity, row: dict[str, Any], rows: tuple[int, int] | None) -> EntityStatus:
    now = row.pop("now")
    since_ok, behind = (None if at is None else int((now - at).total_seconds()) for at in (row["last_ok_at"], row["watermark"]))
    ended, running = row.pop("status"), row.pop("is_running")
    late = since_ok is not None and since_ok > LATE_AFTER.total_seconds()
    state: State = "absent" if entity.absent else "running" if running and not late else "never" if ended is None else \
        "failed" if ended == "failed" else "late" if late else "ok"
    live, gone = rows or (None, None)
    return EntityStatus(entity=entity.name, model=entity.model, table=entity.table, state=state, seconds_since_ok=since_ok,
                        watermark_lag_seconds=behind, rows_live=live, rows_tombstoned=gone, **row)
