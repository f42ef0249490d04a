"""Conversion of a large entity in a process of its own, so that it never holds the interpreter lock that the reading threads need.

With a thread instead, the demo size took 20.4 s where it takes 16.2 s (one client, two cores). The process ends when its standard
input does, so that it outlives nobody. `Converting` runs it, never a person.
"""

from __future__ import annotations

import fcntl
import pickle
import subprocess
import sys
from typing import Any, Self

from sources.contract import Batch, Encoded, Entity, Rejection, SourceError
from sources.convert import Encoder

INLINE_BATCHES = 3  # a small entity is done before a process would have started
F_SETPIPE_SZ, PIPE_BYTES = 1031, 1 << 20  # Linux: a page goes through in one or two writes instead of sixteen


class Converting:
    """Turns batches of an entity into COPY text, one after another. A context manager; for one thread."""

    def __init__(self, entity: Entity) -> None:
        self._columns, self._key = entity.read, entity.key
        self._encoder = Encoder(entity.read, entity.key)
        self._batches = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, batch: Batch | Encoded) -> Encoded:
        """Convert one batch, unless it is COPY text already. Raises SourceError when it cannot be parsed."""
        if isinstance(batch, Encoded):
            return batch
        self._batches += 1
        if self._batches <= INLINE_BATCHES:
            return Encoded(*convert(self._encoder, batch), batch)
        answer = self._ask(batch)
        if isinstance(answer, BaseException):
            raise answer
        return Encoded(*answer, batch)

    def _ask(self, batch: Batch) -> Any:
        try:
            if self._process is None:
                self._process = self._start()
            pickle.dump(batch, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            code = self._process.poll() if self._process else None
            raise SourceError(f"El proceso que convierte las filas murió (código {code}): ¿falta memoria? Vuelva a replicar.") from error

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sources.converting"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        for pipe in (process.stdin, process.stdout):
            if sys.platform == "linux":
                fcntl.fcntl(pipe.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
        pickle.dump((self._columns, self._key), process.stdin)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self._process.kill()  # it holds nothing
            self._process.communicate()


def convert(encoder: Encoder, batch: Batch) -> tuple[bytes, int, int, list[Rejection]]:
    """The COPY text of the good rows, how many rows the batch has, how many are good, and the rejections."""
    rows = batch.rows
    text, good, rejections = encoder.encode(rows)
    return text, len(rows), good, rejections


def main() -> None:
    """The process: columns and key, then a batch and its answer until the input ends."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    encoder = Encoder(*pickle.load(asked))
    while True:
        try:
            batch = pickle.load(asked)
        except EOFError:
            return
        try:
            answer: Any = convert(encoder, batch)
        except Exception as error:  # noqa: BLE001 - raised again in the asking process
            answer = error
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
