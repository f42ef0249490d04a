"""Where the limits of an address are counted (flask-limiter), in Superset's own interpreter: `RATELIMIT_STORAGE_URI = "caudal://"`.

By the second in the worker's memory, it is a brake on every request; by anything longer (log-ins by the minute) in Superset's metadata database, one count
for all workers. The library's own shared stores are Redis, Memcached and MongoDB: one more server each.
Writes: `caudal_rate_count` (`create_table`, by setup_metadata.py). Without the database nobody logs in, as before.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa
from limits.storage import MemoryStorage

_engine = sa.create_engine(os.environ["CAUDAL_SUPERSET_METADATA_URI"], pool_size=1, max_overflow=3, pool_pre_ping=True, isolation_level="AUTOCOMMIT")
_COUNT = sa.text("""
    insert into caudal_rate_count as old (key, hits, ends_at) values (:key, :amount, now() + :expiry * interval '1 second')
    on conflict (key) do update set
        hits = excluded.hits + case when old.ends_at > now() then old.hits else 0 end,
        ends_at = case when old.ends_at > now() then old.ends_at else excluded.ends_at end
    returning hits""")
_SWEEP = sa.text("""
    delete from caudal_rate_count
    where key in (select key from caudal_rate_count where ends_at < now() - interval '1 hour' for update skip locked)""")


def create_table() -> None:
    """Make it where it is missing. Unlogged: a count of the last minute need not survive a crash."""
    with _engine.connect() as conn:
        conn.execute(sa.text(
            "create unlogged table if not exists caudal_rate_count (key text primary key, hits bigint not null, ends_at timestamptz not null)"))


class SharedCounts(MemoryStorage):
    """Fixed windows, counted as the head of this file says."""

    STORAGE_SCHEME = ["caudal"]  # noqa: RUF012 - as the library declares it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any):
        super().__init__(uri, wrap_exceptions, **options)
        self._by_second = MemoryStorage()  # its own object: what is counted here never asks the database

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and how many there are in the window now."""
        if expiry <= 1:
            return self._by_second.incr(key, expiry, amount)
        with _engine.connect() as conn:
            hits = conn.execute(_COUNT, {"key": key, "amount": amount, "expiry": expiry}).scalar_one()
            if hits == amount:
                conn.execute(_SWEEP)
        return hits

    def get(self, key: str) -> int:
        """How many there are in the window now."""
        row = self._row(key)
        return row.hits if row else self._by_second.get(key)

    def get_expiry(self, key: str) -> float:
        """When the window ends."""
        row = self._row(key)
        return float(row.ends) if row else self._by_second.get_expiry(key)

    def clear(self, key: str) -> None:
        """Forget the window."""
        with _engine.connect() as conn:
            conn.execute(sa.text("delete from caudal_rate_count where key = :key"), {"key": key})
        self._by_second.clear(key)

    def _row(self, key: str) -> Any:
        with _engine.connect() as conn:
            return conn.execute(
                sa.text("select hits, extract(epoch from ends_at) as ends from caudal_rate_count where key = :key and ends_at > now()"), {"key": key},
            ).one_or_none()
