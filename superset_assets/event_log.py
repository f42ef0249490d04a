"""Superset's record of who did what (table `logs` of its own database), written after the answer and in lots, not before it and one by one.

Superset's own logger commits three times while a chart's answer waits, and each commit makes its session read the user and the dataset anew. Here a request
leaves its lines in a queue and a thread of the worker writes them: within a second, and what is left when the worker ends. A worker that is killed loses that
second. The steps inside of an answer (how long its SQL took, its JSON) are not kept: the answer itself is. A line of a user who is gone has
no user. Lines older than KEPT go.
"""

from __future__ import annotations

import atexit
import json
import logging
import queue
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from superset.utils.log import AbstractEventLogger

KEPT = timedelta(days=180)
STEPS = {"ChartDataRestApi.json_dumps", "_get_data_response", "execute_sql", "load_into_dataframe", "QueryObject.post_processing"}
LOT, WAITING, PAUSE_S = 500, 20_000, 0.5
Line = dict[str, Any]  # of `logs`
_INSERT = sa.text("""
    insert into logs (action, user_id, duration_ms, referrer, json, dashboard_id, slice_id, dttm)
    values (:action, (select id from ab_user where id = :user_id), :duration_ms, :referrer, :json, :dashboard_id, :slice_id, :dttm)""")
_FORGET = sa.text("delete from logs where dttm < :until")
_log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)  # as Superset keeps it


class QueuedEventLogger(AbstractEventLogger):
    """See the head of this file. `uri` is of Superset's metadata database."""

    def __init__(self, uri: str):
        self._engine = sa.create_engine(uri, pool_size=1, max_overflow=1, pool_pre_ping=True, hide_parameters=True)  # connects when it first writes
        self._lines: queue.Queue[Line] = queue.Queue(WAITING)
        self._writing = threading.Lock()
        self._writer: threading.Thread | None = None
        self._swept = 0.0

    def log(  # as Superset calls it
        self, user_id: int | None, action: str, dashboard_id: int | None = None, duration_ms: int | None = None, slice_id: int | None = None,
        referrer: str | None = None, *args: Any, records: list[dict[str, Any]] | None = None, curated_payload: dict[str, Any] | None = None, **kwargs: Any,
    ) -> None:
        """A line for each record, left in the queue. Never raises: an answer does not fail for its record."""
        if action in STEPS:
            return
        for record in records or [curated_payload or {}]:
            line = {
                "action": action, "user_id": user_id, "duration_ms": duration_ms, "referrer": referrer, "json": json.dumps(record, default=str),
                "dashboard_id": dashboard_id or record.get("dashboard_id"), "slice_id": slice_id or record.get("slice_id"), "dttm": _now(),
            }
            try:
                self._lines.put_nowait(line)
            except queue.Full:
                _log.error("event log: more than %s lines wait to be written; %s of user %s is lost", WAITING, action, user_id)
        self._start()

    def flush(self) -> None:
        """Write all that waits."""
        while self._write():
            pass

    def _start(self) -> None:
        if self._writer is None:  # in the worker, not in the process that it was forked from
            with self._writing:
                if self._writer is None:
                    self._writer = threading.Thread(target=self._write_on, name="event log", daemon=True)
                    self._writer.start()
                    atexit.register(self.flush)

    def _write_on(self) -> None:
        while True:
            time.sleep(PAUSE_S)
            self.flush()

    def _write(self) -> bool:
        """One lot; whether there was any. One that cannot be written is lost, and said in Superset's log."""
        with self._writing:
            lot: list[Line] = []
            while len(lot) < LOT and not self._lines.empty():
                lot.append(self._lines.get_nowait())
            if not lot:
                return False
            try:
                with self._engine.begin() as conn:
                    conn.execute(_INSERT, lot)
                    if time.monotonic() > self._swept:
                        self._swept = time.monotonic() + timedelta(days=1).total_seconds()
                        conn.execute(_FORGET, {"until": _now() - KEPT})
            except sa.exc.SQLAlchemyError:
                _log.exception("event log: %s lines could not be written and are lost", len(lot))
            return True
