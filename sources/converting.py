"""Conversion of large entities in a process of its own, so that it never holds the interpreter lock that the reading threads need.

With a thread instead, the demo size took 20.4 s where it takes 16.2 s (one client, two cores). One process serves all entities of this one, which
take turns: it converts several times as fast as an Odoo answers, and a second would only take memory. It ends when its standard input does, so
that it outlives nobody. `Converting` runs it, never a person.
"""

from __future__ import annotations

import fcntl
import pickle
import subprocess
import sys
import threading
from itertools import count
from typing import Any, Self

from sources.contract import Batch, Encoded, Entity, Rejection, SourceError
from sources.convert import Encoder

INLINE_BATCHES = 3  # a small entity is done before a process would have started
F_SETPIPE_SZ, PIPE_BYTES = 1031, 1 << 20  # Linux: a page goes through in one or two writes instead of sixteen
_INLINE = threading.Lock()  # one parsed page at a time: they wait for the interpreter anyway
_NUMBERS = count(1)


class _Worker:
    """The process, started when first asked and ended by the last that uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._knows: set[int] = set()  # entities whose columns it has
        self.process: subprocess.Popen[bytes] | None = None

    def join(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self, number: int) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._end()
            elif number in self._knows:
                self._knows.discard(number)
                try:
                    self._say((number, None, None))
                except OSError:
                    self._end()  # who asks next starts another

    def ask(self, number: int, columns: Any, batch: Batch) -> Any:
        """The answer about a batch of the entity `number`. Raises SourceError when the process is gone."""
        with self._lock:
            try:
                if self.process is None:
                    self.process = self._start()
                self._say((number, None if number in self._knows else columns, batch))
                self._knows.add(number)
                return pickle.load(self.process.stdout)
            except BaseException as error:
                code = self.process.poll() if self.process else None
                self._end()  # half a message may be under way, which the next entity would take for its own
                if isinstance(error, (EOFError, OSError, pickle.UnpicklingError)):
                    raise SourceError(f"El proceso que convierte las filas murió (código {code}): ¿falta memoria? Vuelva a replicar.") from error
                raise

    def _say(self, message: Any) -> None:
        pickle.dump(message, self.process.stdin, pickle.HIGHEST_PROTOCOL)
        self.process.stdin.flush()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sources.converting"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        for pipe in (process.stdin, process.stdout):
            if sys.platform == "linux":
                fcntl.fcntl(pipe.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
        return process

    def _end(self) -> None:
        if self.process is not None:
            self.process.kill()  # it holds nothing
            self.process.communicate()
        self.process = None
        self._knows.clear()


_WORKER = _Worker()


class Converting:
    """Turns batches of an entity into COPY text, one after another. A context manager; for one thread."""

    def __init__(self, entity: Entity) -> None:
        self._columns = entity.read, entity.key
        self._encoder = Encoder(*self._columns)
        self._batches, self._number = 0, next(_NUMBERS)

    def __call__(self, batch: Batch | Encoded) -> Encoded:
        """Convert one batch, unless it is COPY text already. Raises SourceError when it cannot be parsed, or the process died."""
        if isinstance(batch, Encoded):
            return batch
        self._batches += 1
        if self._batches <= INLINE_BATCHES:
            with _INLINE:
                return Encoded(*convert(self._encoder, batch), batch)
        answer = _WORKER.ask(self._number, self._columns, batch)
        if isinstance(answer, BaseException):
            raise answer
        return Encoded(*answer, batch)

    def __enter__(self) -> Self:
        _WORKER.join()
        return self

    def __exit__(self, *exc: object) -> None:
        _WORKER.leave(self._number)


def convert(encoder: Encoder, batch: Batch) -> tuple[bytes, int, int, list[Rejection]]:
    """The COPY text of the good rows, how many rows the batch has, how many are good, and the rejections."""
    rows = batch.rows
    text, good, rejections = encoder.encode(rows)
    return text, len(rows), good, rejections


def main() -> None:
    """The process: an entity's number, its columns the first time, and a batch, then its answer; or no batch when the entity is done."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    encoders: dict[int, Encoder] = {}
    while True:
        try:
            number, columns, batch = pickle.load(asked)
        except EOFError:
            return
        if batch is None:
            encoders.pop(number, None)
            continue
        try:
            if columns is not None:
                encoders[number] = Encoder(*columns)
            answer: Any = convert(encoders[number], batch)
        except Exception as error:  # noqa: BLE001 - raised again in the asking process
            answer = error
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
        del batch, answer


if __name__ == "__main__":
    main()
