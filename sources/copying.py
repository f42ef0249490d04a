"""COPY into a table, kept open from one batch to the next: to open one for each costs as much as some hundred rows."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg
from psycopg import sql
from psycopg.copy import LibpqWriter

from sources.contract import Encoded

CHUNK_BYTES = 1 << 16  # libpq moves what it could not send yet, so that a megabyte handed over at once is copied many times
REFUSED = (psycopg.DataError, psycopg.errors.UniqueViolation)  # a row that cannot be stored, not a server in trouble


class OpenCopy:
    """A COPY within a savepoint. Until `close` nothing is sure: when PostgreSQL refuses a row, all that was written is gone.

    So `batches` keeps what was written, to be tried again in another way; close it before that is much. Both `write` and `close` raise
    one of REFUSED, the savepoint rolled back, for a row that cannot be stored.
    """

    def __init__(self, conn: psycopg.Connection, statement: sql.Composed) -> None:
        self.batches: list[Encoded] = []
        self.size = self.rows = 0  # bytes, rows
        with ExitStack() as stack:
            stack.enter_context(conn.transaction())
            cursor = stack.enter_context(conn.cursor())
            self._copy = stack.enter_context(cursor.copy(statement, writer=LibpqWriter(cursor, flush_threshold=CHUNK_BYTES)))
            self._stack = stack.pop_all()

    def write(self, batch: Encoded) -> None:
        """Send the good rows of a batch."""
        self.batches.append(batch)
        self.size += batch.held_bytes
        self.rows += batch.good
        text = memoryview(batch.text)
        try:
            for start in range(0, len(text), CHUNK_BYTES):
                self._copy.write(text[start : start + CHUNK_BYTES])
        except BaseException as error:
            self.abandon(error)
            raise

    def close(self) -> None:
        """What was written is in the table."""
        self._stack.close()

    def abandon(self, error: BaseException) -> None:
        """End it because of an error: nothing of what was written stays."""
        self._stack.__exit__(type(error), error, error.__traceback__)
