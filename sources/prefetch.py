"""Read ahead: the network waits in other threads while the loader converts and copies in this one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")
_END = object()


def prefetch(*sources: Iterable[T], depth: int = 3) -> Iterator[T]:
    """The items of all sources, up to `depth` of them fetched ahead, each source in a thread of its own and in its own order.

    An error of a source is raised here, after the items it gave before; the other sources are then stopped.
    """
    queue: Queue[object] = Queue(depth)
    stop = threading.Event()

    def put(item: object) -> None:
        while not stop.is_set():
            try:
                queue.put(item, timeout=0.5)
                return
            except Full:
                continue

    def produce(items: Iterable[T]) -> None:
        try:
            for item in items:
                put(item)
                del item  # a page is large: it is held by who has it
                if stop.is_set():
                    return
            put(_END)
        except BaseException as error:  # noqa: BLE001 - raised again in the reader's thread
            put(_Failure(error))

    threads = [threading.Thread(target=produce, args=[items], name="prefetch", daemon=True) for items in sources]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            try:
                item = queue.get(timeout=1)
            except Empty:
                continue
            if item is _END:
                running -= 1
            elif isinstance(item, _Failure):
                raise item.error
            else:
                yield item  # type: ignore[misc]
            del item
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class _Failure:
    """An error on its way from a source to the reader."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
