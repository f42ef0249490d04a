"""Rows that could not be loaded, in `ops.quarantine`: whose, which field, why, and the row as the source gave it. Nothing is lost."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from sources.contract import Entity, Rejection
from sources.tables import qualified


def write(conn: psycopg.Connection, entity: str, source: str, run_id: int, rejections: Collection[Rejection]) -> None:
    """Record the rejections, each once for as long as it is not resolved."""
    for r in rejections:
        conn.execute(
            """insert into ops.quarantine (run_id, source, entity, record_id, field, reason, payload)
               select %(run)s, %(source)s, %(entity)s, %(id)s, %(field)s, %(reason)s, %(payload)s
               where not exists (select from ops.quarantine as q where q.source = %(source)s and q.entity = %(entity)s
                   and q.resolved_at is null and q.record_id is not distinct from %(id)s
                   and q.field is not distinct from %(field)s and q.reason = %(reason)s)""",
            {"run": run_id, "source": source, "entity": entity, "id": storable(r.record_id),
             "field": r.field, "reason": storable(r.reason), "payload": Jsonb(storable(r.payload))})


def close(conn: psycopg.Connection, entity: Entity, source: str, run_id: int, rejections: Collection[Rejection], asked: Sequence[int]) -> None:
    """Resolve those whose row has since been loaded or is gone from the source; not those of `rejections`, which were refused again.

    asked: keys that the source was asked for by name. Reads the loader's own tables `fetched` and `present`.
    """
    still = [r.record_id for r in rejections if r.record_id]
    conn.execute(sql.SQL("""
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
            where p.id is null and w.key is not null and exists (select from present)
            union all
            select w.id from waiting as w where w.key = any(%s))"""  # asked for, and not there any more
    ).format(raw=qualified(entity), key=sql.Identifier(entity.key)), [source, entity.name, still, run_id, list(asked)])


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
