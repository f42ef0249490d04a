"""What a run leaves for the next one of its entity, in `ops.watermark`: where to go on, what is alive, who changed last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal

import psycopg
from psycopg.types.json import Jsonb

from sources.contract import Entity, FieldInfo, Pulse


@dataclass(frozen=True)
class Totals:
    """What is alive in a raw table: rows, Σ of their keys, Σ of the entity's money column (RD$; None where it has none)."""

    rows: int = 0
    key_sum: Decimal = Decimal(0)
    amount: Decimal | None = None

    def plus(self, rows: int, key_sum: Decimal, amount: Decimal | None) -> Totals:
        """With what a statement added, or (negative) took away."""
        return Totals(self.rows + rows, self.key_sum + key_sum, None if self.amount is None else self.amount + (amount or 0))


@dataclass(frozen=True)
class Ranges:
    """Ranges of keys: number n holds n * width ≤ key < (n + 1) * width."""

    width: int
    numbers: Sequence[int]


@dataclass(frozen=True)
class Witness:
    """A row as the last run left it: when the source says it changed and was made."""

    changed: datetime
    created: datetime | None


@dataclass(frozen=True)
class State:
    """What earlier runs left for an entity.

    `totals` is None when nobody counted yet; `fields` are the source's at the last good run; `sevenths` says when each seventh of
    the ranges was last compared row by row (see verify.py).
    """

    watermark: datetime | None = None
    mapping: str | None = None
    fields: dict[str, FieldInfo] | None = None
    totals: Totals | None = None
    max_id: int | None = None
    witnesses: dict[int, Witness] = field(default_factory=dict)
    sevenths: dict[int, date] = field(default_factory=dict)
    pulse: Pulse | None = None


def read_state(conn: psycopg.Connection, source: str, entity: Entity) -> State:
    """What is kept for the entity in `ops.watermark`, and the mapping its last good run had."""
    mark = conn.execute(
        """select watermark, live_rows, key_sum, amount_sum, max_id, witnesses, fields, sevenths, pulse
           from ops.watermark where source = %s and entity = %s""", [source, entity.name]).fetchone()
    if mark is None:
        return State()
    last = conn.execute(
        """select details ->> 'mapping' from ops.run
           where pipeline = 'replicate' and entity = %s and status = 'ok' and details ->> 'source' = %s
           order by run_id desc limit 1""",
        [entity.name, source],
    ).fetchone()
    watermark, rows, key_sum, amount, max_id, witnesses, fields, sevenths, pulse = mark
    counted = rows is not None and (entity.amount is None or amount is not None)
    return State(
        watermark, last[0] if last else None, {name: FieldInfo(**spec) for name, spec in fields.items()} if fields else None,
        Totals(rows, key_sum, amount if entity.amount else None) if counted else None, max_id,
        {int(key): Witness(*(datetime.fromisoformat(moment) if moment else None for moment in moments))
         for key, moments in (witnesses or {}).items()},
        {int(part): date.fromisoformat(day) for part, day in sevenths.items()}, Pulse(**pulse) if pulse else None)


def write_state(conn: psycopg.Connection, source: str, entity: Entity, run_id: int, state: State) -> None:
    """Leave `state` for the next run; the caller's commit makes it true together with the data. The highest key ever seen is kept."""
    totals = state.totals or Totals()
    conn.execute(
        """insert into ops.watermark (source, entity, watermark, max_id, run_id, updated_at, live_rows, key_sum, amount_sum,
               witnesses, fields, sevenths, pulse)
           values (%s, %s, %s, %s, %s, clock_timestamp(), %s, %s, %s, %s, %s, %s, %s)
           on conflict (source, entity) do update set watermark = excluded.watermark, run_id = excluded.run_id,
               max_id = greatest(ops.watermark.max_id, excluded.max_id), updated_at = excluded.updated_at,
               live_rows = excluded.live_rows, key_sum = excluded.key_sum, amount_sum = excluded.amount_sum,
               witnesses = excluded.witnesses, fields = excluded.fields, sevenths = excluded.sevenths,
               pulse = excluded.pulse""",
        [source, entity.name, state.watermark, state.max_id, run_id, totals.rows, totals.key_sum, totals.amount,
         Jsonb({key: [w.changed.isoformat(), w.created and w.created.isoformat()] for key, w in state.witnesses.items()}),
         Jsonb({name: asdict(info) for name, info in (state.fields or {}).items()}),
         Jsonb({part: day.isoformat() for part, day in state.sevenths.items()}),
         Jsonb(asdict(state.pulse)) if state.pulse else None])
