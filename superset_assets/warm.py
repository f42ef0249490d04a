"""Fill Superset's cache: every chart of every dashboard is asked once, as its first reader will ask it (`asked.py`), of the database.

The answers serve whoever sees all of the utility; who sees some sectors has rows, and so entries in the cache, of their own.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .asked import Asked, asked
from .client import Client, SupersetError
from .context import Context, load

AT_ONCE = 2  # of Superset's threads: who is looking meanwhile has the rest


@dataclass
class Warmed:
    """How many requests were answered, and which were not."""

    requests: int
    seconds: float
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"Caché: {self.requests - len(self.failed)} de {self.requests} consultas listas en {self.seconds:.0f} s.", *self.failed])

    def or_fail(self) -> Warmed:
        """Itself. Raises SupersetError when a chart could not be asked: its readers would see an error."""
        if self.failed:
            raise SupersetError(str(self))
        return self


def warm(context: Context | None = None, client: Client | None = None) -> Warmed:
    """Ask everything that is not in the cache yet. Raises SupersetError when Superset does not answer at all."""
    context, client = context or load(), client or Client()
    started = time.monotonic()
    wanted = [request for slug in context.assets.dashboards for request in asked(context, client, slug)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [problem for problem in pool.map(lambda request: _ask(client, request), wanted) if problem]
    return Warmed(len(wanted), time.monotonic() - started, failed)


def _ask(client: Client, request: Asked) -> str | None:
    try:
        client.post("/api/v1/chart/data", json=request.body)
    except SupersetError as error:
        return f"{request.dashboard}: {request.chart}: {error}"
    return None
