"""What is measured: `replicate()`, with everything it does besides reading and writing. Run by `job.py`."""

from __future__ import annotations

import time
from importlib.metadata import entry_points
from typing import Any

from caudal.settings import settings
from sources.replicate import replicate
from sources.transports import GROUP

for _transport in entry_points(group=GROUP, name=settings().odoo_transport):
    _transport.load()  # imported before the clock starts, as the rivals' libraries are


def in_turn(entities: list[str], clients: int = 1) -> dict[str, Any]:
    """Each entity in a call of its own, one after another."""
    seconds, rows = {}, 0
    for entity in entities:
        started = time.perf_counter()
        rows += _replicated([entity], clients)["rows"]
        seconds[entity] = time.perf_counter() - started
    return {"rows": rows, "seconds_by_entity": seconds}


def at_once(entities: list[str] | None, clients: int, full: bool = False) -> dict[str, Any]:
    """All entities in one call (None: all of the mapping). full: read every row again, as `caudal replicate --full` does."""
    return _replicated(entities, clients, full)


def _replicated(entities: list[str] | None, clients: int, full: bool = False) -> dict[str, Any]:
    """Raises RuntimeError when an entity failed or does not reconcile."""
    results = replicate(entities, full=full, clients=clients)
    wrong = [r for r in results if r.status != "ok" or r.reconciliation not in ("ok", "steady", None)]
    if wrong:
        raise RuntimeError(f"{wrong[0].entity}: {wrong[0].error or wrong[0].warnings}")
    return {"rows": sum(r.rows_read for r in results), "changed": sum(r.inserted + r.updated for r in results), "modes": [r.mode for r in results]}
