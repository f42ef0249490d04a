"""The run log: one row of `ops.run` for each run of a step, written outside of the step's transaction so that a failure is recorded too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from caudal import lineage, warehouse


@dataclass
class Run:
    """What a step counted. `status` becomes ok or failed when the block ends."""

    run_id: int
    rows_read: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_deleted: int = 0
    rows_quarantined: int = 0
    watermark_from: datetime | None = None
    watermark_to: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)
    reads: Sequence[lineage.Dataset] = ()
    writes: Sequence[lineage.Dataset] = ()


@contextmanager
def run(
    pipeline: str, entity: str | None = None, reads: Sequence[lineage.Dataset] = (), writes: Sequence[lineage.Dataset] = (),
    through: psycopg.Connection | None = None,
) -> Iterator[Run]:
    """Record the block as one run of `pipeline`, and tell lineage (see `caudal.lineage`) what it reads and writes.

    An exception marks it failed, with its message, and goes on up. through: a connection in autocommit, outside of any transaction, to
    write with instead of one for each row.
    """
    run_id = _write(through, "insert into ops.run (pipeline, entity) values (%s, %s) returning run_id", [pipeline, entity])[0]
    record = Run(run_id, reads=reads, writes=writes)
    lineage.emit("START", pipeline, entity, record)
    try:
        yield record
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"[:4000]
        with suppress(warehouse.WarehouseUnavailable):  # `error` is likely its consequence, says more, and goes on up
            _close(record, "failed", message, through)
        lineage.emit("FAIL", pipeline, entity, record, message)
        raise
    _close(record, "ok", None, through)
    lineage.emit("COMPLETE", pipeline, entity, record)


def _write(through: psycopg.Connection | None, statement: str, values: Sequence[Any]) -> Any:
    """The statement's first answer, committed: by `through` while that serves, else by a connection for it alone."""
    if through is not None and not through.closed and through.info.transaction_status == TransactionStatus.IDLE:
        with suppress(psycopg.OperationalError):  # lost since it was used last
            return through.execute(statement, values).fetchone()
    with warehouse.connect("load", autocommit=True) as conn:
        return conn.execute(statement, values).fetchone()


def _close(record: Run, status: str, error: str | None, through: psycopg.Connection | None) -> None:
    _write(
        through,
        """update ops.run set status = %s, ended_at = now(), error = %s, rows_read = %s, rows_inserted = %s, rows_updated = %s,
           rows_deleted = %s, rows_quarantined = %s, watermark_from = %s, watermark_to = %s, details = %s where run_id = %s returning run_id""",
        [status, error, record.rows_read, record.rows_inserted, record.rows_updated, record.rows_deleted,
         record.rows_quarantined, record.watermark_from, record.watermark_to, Jsonb(record.details), record.run_id])
