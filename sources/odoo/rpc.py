"""The transport over odoorpc: pages by key, archived records included, smaller pages when Odoo cannot give a large one.

A large entity is given as several streams, each taking the next range of ids that none has read.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from caudal.settings import settings
from sources.contract import Batch, Census, Column, Entity, FieldInfo, SourceError
from sources.odoo.page import Page
from sources.odoo.paging import PAGE_ROWS, PageSize
from sources.odoo.pool import SessionPool
from sources.odoo.session import Address, Session
from sources.transports import Options

Domain = list[Any]

ID_CHUNK = 100_000  # ids alone are cheap: half a million a second on Odoo 18
RANGE_PAGES = 10  # pages in a range of ids; few, so that no client is left with a long one at the end
SPLIT_ROWS = 20_000  # below this one client is enough


OVERLAP = timedelta(minutes=30)  # write_date is when a transaction began: a longer one shows up late, under an old write_date


def connect(options: Options) -> OdooRpc:
    """The transport `rpc`. Reads `ODOO_URL`, `ODOO_DB`, `ODOO_USER`, `ODOO_PASSWORD`, and `ODOO_AUDIT_USER`, `ODOO_AUDIT_PASSWORD` where set.

    Raises SourceError when one of the four is missing; logs in only at the first request.
    """
    s = settings()
    values = {"ODOO_URL": s.odoo_url, "ODOO_DB": s.odoo_db, "ODOO_USER": s.odoo_user, "ODOO_PASSWORD": s.odoo_password}
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise SourceError(f"Falta decir dónde está Odoo: ponga {', '.join(missing)} en el entorno.")
    has_audit = s.odoo_audit_user and s.odoo_audit_password
    audit = Address(s.odoo_url, s.odoo_db, s.odoo_audit_user, s.odoo_audit_password.get_secret_value()) if has_audit else None
    address = Address(s.odoo_url, s.odoo_db, s.odoo_user, s.odoo_password.get_secret_value())
    return OdooRpc(address, options.clients, audit, options.page_rows, options.companies)


class OdooRpc:
    """Reads entities from one Odoo, with up to `clients` requests at once. Thread-safe.

    `audit` is an address with a user who sees every record: with it the transport can say how many rows record rules hide.
    """

    def __init__(self, address: Address, clients: int = 1, audit: Address | None = None, page_rows: int = PAGE_ROWS,
                 companies: tuple[int, ...] = ()) -> None:
        self.source = address.source
        self.clients, self.page_rows, self._companies = max(1, clients), page_rows, list(companies)
        self.pool = SessionPool(address, self.clients)
        self._audit_pool = SessionPool(audit) if audit else None
        self._fields: dict[str, dict[str, FieldInfo]] = {}

    def describe(self, entity: Entity) -> dict[str, FieldInfo]:
        """The fields the user may see in this model (fields_get, asked once)."""
        if entity.model not in self._fields:
            fields = self._call(self.pool, entity, "fields_get", [], attributes=["type", "store", "string", "relation"])
            self._fields[entity.model] = {
                name: FieldInfo(spec["type"], spec.get("store", True), spec.get("string", ""), spec.get("relation"))
                for name, spec in fields.items()}
        return self._fields[entity.model]

    def count(self, entity: Entity, since: datetime | None = None) -> int:
        """Rows the user sees, archived ones included (changed at or after `since`)."""
        return self._call(self.pool, entity, "search_count", [_domain(entity, since)])

    def hidden(self, entity: Entity) -> int | None:
        """Rows that record rules or the company filter hide from the user; None without an `audit` user."""
        if self._audit_pool is None:
            return None
        return max(0, self._call(self._audit_pool, entity, "search_count", [_domain(entity)]) - self.count(entity))

    def census(self, entity: Entity) -> Census | None:
        """None: Odoo cannot add up ids."""
        return None

    def ids(self, entity: Entity) -> Iterator[list[int]]:
        """Every id the user sees, ascending."""
        last = 0
        while True:
            chunk = self._call(self.pool, entity, "search", [[*_domain(entity), ("id", ">", last)]], order="id", limit=ID_CHUNK)
            if chunk:
                yield chunk
            if len(chunk) < ID_CHUNK:
                return
            last = chunk[-1]

    def changes(self, entity: Entity, since: datetime | None) -> list[Iterator[Batch]]:
        """Rows changed at or after `since` (None: all): one stream, or for a large entity as many as clients."""
        domain, size, readers = _domain(entity, since), PageSize(self.page_rows), 1
        ranges: Iterator[tuple[int, int | None]] = iter([(0, None)])
        if self.clients > 1 and (rows := self.count(entity, since)) > SPLIT_ROWS:
            ranges, readers = self._ranges(entity, domain, rows), self.clients
        lock = threading.Lock()

        def read() -> Iterator[Batch]:
            while True:
                with lock:
                    taken = next(ranges, None)
                if taken is None:
                    return
                yield from self._pages(entity, domain, *taken, size)

        return [read() for _ in range(readers)]

    def rows(self, entity: Entity, ids: Iterable[int]) -> Iterator[Batch]:
        """The rows with these ids that the user sees; an id that is gone is left out, not an error."""
        wanted, size = list(ids), PageSize(self.page_rows)
        for start in range(0, len(wanted), self.page_rows):
            chunk = wanted[start : start + self.page_rows]
            yield from self._pages(entity, [*_domain(entity), ("id", "in", chunk)], 0, None, size)

    def span(self, entity: Entity, low: int, high: int) -> Iterator[Batch]:
        """The rows with low ≤ id < high that the user sees."""
        yield from self._pages(entity, _domain(entity), low - 1, high - 1, PageSize(self.page_rows))

    def resume_from(self, entity: Entity) -> datetime | None:
        """The latest `change` moment the user sees, less OVERLAP: over RPC nobody can say which transactions are open."""
        latest = self._latest(entity)
        return latest - OVERLAP if latest else None

    def clock(self) -> datetime | None:
        """None: Odoo's methods do not tell the time."""
        return None

    def stop(self, reason: SourceError) -> None:
        """Make every later request raise `reason`."""
        self.pool.broken = reason

    def close(self) -> None:
        """Nothing to give back: odoorpc keeps no connection open."""

    def _latest(self, entity: Entity) -> datetime | None:
        """Odoo's own clock, cut to the second by RPC."""
        if entity.change is None:
            return None
        source = entity.column(entity.change).source
        rows = self._call(self.pool, entity, "search_read", [[*_domain(entity), (source, "!=", False)]],
                          fields=[source], order=f"{source} desc", limit=1, load=None)
        return datetime.fromisoformat(rows[0][source]).replace(tzinfo=UTC) if rows else None

    def total(self, entity: Entity, column: Column) -> Decimal | None:
        """Σ of a money column over the rows the user sees, RD$, to the cent; None when Odoo does not store the field and so cannot add it up."""
        if not self.describe(entity)[column.source].stored:
            return None
        rows = self._call(self.pool, entity, "read_group", [_domain(entity)], fields=[f"{column.source}:sum"], groupby=[])
        value = rows[0].get(column.source) if rows else 0
        return Decimal(repr(value or 0)).quantize(Decimal("0.01"))

    # ---------- pages

    def _call(self, pool: SessionPool, entity: Entity, method: str, args: list[Any], **kwargs: Any) -> Any:
        kwargs["context"] = self._context(entity)
        return pool.run(lambda session: session.call(entity.model, method, args, kwargs))

    def _context(self, entity: Entity) -> dict[str, Any]:
        companies = {"allowed_company_ids": self._companies} if self._companies else {}
        return {"active_test": False, **companies, **entity.context}

    def _ranges(self, entity: Entity, domain: Domain, rows: int) -> Iterator[tuple[int, int | None]]:
        """Cuts of the ids into ranges that hold about RANGE_PAGES pages each; the last is open, for rows born meanwhile."""
        first = self._call(self.pool, entity, "search", [domain], order="id", limit=1)
        last = self._call(self.pool, entity, "search", [domain], order="id desc", limit=1)
        if not first or not last:
            return iter([(0, None)])
        step = max(1, (last[0] - first[0]) * RANGE_PAGES * self.page_rows // rows)
        lows = itertools.takewhile(lambda low: low < last[0], itertools.count(first[0] - 1, step))
        return ((low, low + step if low + step < last[0] else None) for low in lows)

    def _pages(self, entity: Entity, domain: Domain, low: int, high: int | None, size: PageSize) -> Iterator[Batch]:
        """Rows with low < id ≤ high (None: no upper end), ascending."""
        upper = [] if high is None else [("id", "<=", high)]
        while True:
            page, limit = self._page(entity, [*domain, ("id", ">", low), *upper], size)
            if len(page):
                yield page
            if len(page) < limit:
                return
            low = page.last_id

    def _page(self, entity: Entity, domain: Domain, size: PageSize) -> tuple[Page, int]:
        """One page and how many rows were asked for: fewer at each attempt that Odoo does not answer."""
        limit = size.rows

        def fetch(session: Session) -> Page:
            nonlocal limit
            limit = size.rows
            return session.page(entity.model, domain, {
                "fields": entity.fields, "limit": limit, "context": self._context(entity)})

        page = self.pool.run(fetch, on_retry=lambda: size.failed(limit))
        size.worked()
        return page, limit


def _domain(entity: Entity, since: datetime | None = None) -> Domain:
    """The entity's domain, with `since` in Odoo's naive UTC."""
    domain: Domain = list(entity.domain)
    if since is not None and entity.change is not None:
        domain.append((entity.column(entity.change).source, ">=", since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")))
    return domain
