"""What is read from Odoo through its own methods, whatever carries the calls: pages by key, archived records included, smaller
pages when Odoo cannot give a large one.

A large entity is given as several streams, each taking the next range of ids that none has read.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from caudal.settings import settings
from sources.contract import Batch, Census, Column, Entity, FieldInfo, Pulse, RangePrint, SourceError, Tally
from sources.odoo.connection import AccessRefused, Address, ServerClock, Session
from sources.odoo.grouping import Question
from sources.odoo.page import Page
from sources.odoo.paging import PAGE_ROWS, PageSize
from sources.odoo.pool import SessionPool
from sources.prints import SCALE, summed

Domain = list[Any]

ID_CHUNK = 100_000  # ids alone are cheap: half a million a second on Odoo 18
RANGE_PAGES = 10  # pages in a range of ids; few, so that no client is left with a long one at the end
SPLIT_ROWS = 20_000  # below this one client is enough
MOMENT = "%Y-%m-%d %H:%M:%S"  # Odoo's naive UTC
FORMATTED_READ_GROUP = 19  # Odoo's version from which read_group is deprecated for it
OVERLAP = timedelta(minutes=30)  # write_date is when a transaction began: a longer one shows up late, under an old write_date
API_KEY = "[0-9a-f]{40}"  # what Odoo's keys look like, which tells them from a password


class OdooApi:
    """Reads entities from one Odoo, with up to `clients` requests at once. Thread-safe. What a transport adds is how to log in.

    `audit` is an address with a user who sees every record: with it the transport can say how many rows record rules hide.
    """

    copies: ClassVar[bool] = False
    log_in: ClassVar[Callable[[Address, ServerClock], Session]]

    def __init__(self, address: Address, clients: int = 1, audit: Address | None = None, page_rows: int = PAGE_ROWS) -> None:
        self.source = address.source
        self.clients, self.page_rows = max(1, clients), page_rows
        self.pool = SessionPool(partial(self.log_in, address), self.clients)
        self._audit_pool = SessionPool(partial(self.log_in, audit)) if audit else None
        self._has_key = re.fullmatch(API_KEY, address.password) is not None
        self._fields: dict[str, dict[str, FieldInfo]] = {}

    def describe(self, entity: Entity) -> dict[str, FieldInfo]:
        """The fields the user may see in this model (fields_get, asked once)."""
        if entity.model not in self._fields:
            fields = self._call(self.pool, entity, "fields_get", attributes=["type", "store", "string", "relation"])
            self._fields[entity.model] = {
                name: FieldInfo(spec["type"], spec.get("store", True), spec.get("string", ""), spec.get("relation"))
                for name, spec in fields.items()}
        return self._fields[entity.model]

    def count(self, entity: Entity, since: datetime | None = None) -> int:
        """Rows the user sees, archived ones included (changed at or after `since`)."""
        return self._call(self.pool, entity, "search_count", domain=_domain(entity, since))

    def hidden(self, entity: Entity) -> int | None:
        """Rows that record rules or the company filter hide from the user; None without an `audit` user."""
        if self._audit_pool is None:
            return None
        return max(0, self._call(self._audit_pool, entity, "search_count", domain=_domain(entity)) - self.count(entity))

    def census(self, entity: Entity) -> Census | None:
        """None: Odoo cannot add up ids."""
        return None

    def pulse(self, entity: Entity) -> Pulse | None:
        """None: Odoo does not count what was deleted."""
        return None

    def ids(self, entity: Entity) -> Iterator[list[int]]:
        """Every id the user sees, ascending."""
        last = 0
        while True:
            chunk = self._call(self.pool, entity, "search", domain=[*_domain(entity), ("id", ">", last)], order="id", limit=ID_CHUNK)
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
        """What the Date header of Odoo's last answer said, carried on; the proxy's clock where one stands in front. To the second."""
        if self.pool.clock.now() is None:
            self.pool.run(lambda session: session)  # to log in is to get an answer
        return self.pool.clock.now()

    def expires_on(self) -> date | None:
        """The day, in the utility's time zone, that the next of the user's API keys ends.

        None when we came in with a password, when no key has an end, or when the user may not see the keys of its own.
        """
        if not self._has_key or (now := self.clock()) is None:
            return None

        def next_end(session: Session) -> list[dict[str, Any]]:
            domain = [("user_id", "=", session.uid), ("expiration_date", ">=", now.strftime(MOMENT))]
            return session.call("res.users.apikeys", "search_read", {
                "domain": domain, "fields": ["expiration_date"], "order": "expiration_date", "limit": 1})

        try:
            rows = self.pool.run(next_end)
        except AccessRefused:  # a portal user: what it cannot see, nobody is warned of
            return None
        if not rows:
            return None
        return datetime.fromisoformat(rows[0]["expiration_date"]).replace(tzinfo=UTC).astimezone(ZoneInfo(settings().timezone)).date()

    def warnings(self, entity: Entity) -> list[str]:
        """Nothing to say: what RPC cannot know is the same at every run."""
        return []

    def release(self, entity: Entity) -> None:
        """Nothing is held between requests."""

    def stop(self, reason: SourceError) -> None:
        """Make every later request raise `reason`."""
        self.pool.broken = reason

    def close(self) -> None:
        """Close connections that were kept open."""
        for pool in (self.pool, self._audit_pool):
            if pool is not None:
                pool.close()

    def _latest(self, entity: Entity) -> datetime | None:
        """Odoo's own clock, cut to the second by RPC."""
        if entity.change is None:
            return None
        source = entity.column(entity.change).source
        rows = self._call(self.pool, entity, "search_read", domain=[*_domain(entity), (source, "!=", False)],
                          fields=[source], order=f"{source} desc", limit=1, load=None)
        return datetime.fromisoformat(rows[0][source]).replace(tzinfo=UTC) if rows else None

    def total(self, entity: Entity, column: Column) -> Decimal | None:
        """Σ of a money column over the rows the user sees, RD$, to the cent; None when Odoo does not store the field and so cannot add it up."""
        if not self.describe(entity)[column.source].stored:
            return None
        return self._sums(entity, _domain(entity), [column])[1][0]

    def prints(self, entity: Entity, width: int, keys_only: bool = False) -> dict[int, RangePrint]:
        """One question a range: rows, and Σ of each numeric column that Odoo stores. It can add up neither ids nor checksums."""
        ends = self._ends(entity, _domain(entity))
        if ends is None:
            return {}
        first, last = ends
        fields, numeric = self.describe(entity), summed(entity.read)
        stored = [] if keys_only else [column for column in numeric if fields[column.source].stored]
        found = {}
        for number in range(first // width, last // width + 1):
            within = [*_domain(entity), ("id", ">=", number * width), ("id", "<", (number + 1) * width)]
            rows, sums = self._sums(entity, within, stored)
            if rows:
                by_name = {column.name: value for column, value in zip(stored, sums, strict=True)}
                found[number] = RangePrint(rows, None, () if keys_only else tuple(by_name.get(column.name) for column in numeric), None)
        return found

    def _sums(self, entity: Entity, domain: Domain, columns: Sequence[Column]) -> tuple[int, list[Decimal]]:
        """How many rows, and Σ of each column, as exact as the raw table keeps it."""
        names = [column.source for column in columns]

        def grouped(session: Session) -> list[dict[str, Any]]:
            asked = {"domain": domain, "groupby": [], "context": self._context(session, entity)}
            if session.version >= FORMATTED_READ_GROUP:
                return session.call(entity.model, "formatted_read_group", {**asked, "aggregates": ["__count", *(f"{n}:sum" for n in names)]})
            return session.call(entity.model, "read_group", {**asked, "fields": [f"{n}:sum" for n in names]})

        answer = (self.pool.run(grouped) or [{}])[0]
        values = [answer.get(f"{n}:sum", answer.get(n)) or 0 for n in names]
        return answer.get("__count", 0), [Decimal(repr(v)).quantize(Decimal(1).scaleb(-SCALE.get(c.type, 0))) for v, c in zip(values, columns, strict=True)]

    def tallies(self, entity: Entity, since: date | None = None) -> Iterator[Tally]:
        """One question for all days and states; the amount is None when Odoo does not store it and so cannot add it up."""
        amount = self.describe(entity).get(entity.column(entity.amount).source) if entity.amount else None
        asked = Question.of(entity, amount is None or amount.stored)  # of a field that is gone Odoo complains itself
        domain = [*_domain(entity), *asked.since(since)]

        def grouped(session: Session) -> tuple[list[dict[str, Any]], bool]:
            formatted = session.version >= FORMATTED_READ_GROUP
            method, groups = ("formatted_read_group", asked.formatted_read_group()) if formatted else ("read_group", asked.read_group())
            return session.call(entity.model, method, {"domain": domain, **groups, "context": self._context(session, entity)}), formatted

        yield from asked.answer(*self.pool.run(grouped))

    def existing(self, entity: Entity, ids: Iterable[int]) -> set[int] | None:
        """`exists`, which Odoo answers whatever the record rules say."""
        wanted = list(ids)
        chunks = (wanted[start : start + ID_CHUNK] for start in range(0, len(wanted), ID_CHUNK))
        return {found for chunk in chunks for found in self._call(self.pool, entity, "exists", ids=chunk)}

    # ---------- pages

    def _call(self, pool: SessionPool, entity: Entity, method: str, **arguments: Any) -> Any:
        return pool.run(lambda session: session.call(entity.model, method, {**arguments, "context": self._context(session, entity)}))

    def _context(self, session: Session, entity: Entity) -> dict[str, Any]:
        """Archived records too, the site's companies, names in the user's language; the mapping's own context wins."""
        lang = {"lang": session.lang} if session.lang else {}
        companies = {"allowed_company_ids": list(entity.companies)} if entity.companies else {}
        return {**lang, "active_test": False, **companies, **entity.context}

    def _ranges(self, entity: Entity, domain: Domain, rows: int) -> Iterator[tuple[int, int | None]]:
        """Cuts of the ids into ranges that hold about RANGE_PAGES pages each; the last is open, for rows born meanwhile."""
        ends = self._ends(entity, domain)
        if ends is None:
            return iter([(0, None)])
        first, last = ends
        step = max(1, (last - first) * RANGE_PAGES * self.page_rows // rows)
        lows = itertools.takewhile(lambda low: low < last, itertools.count(first - 1, step))
        return ((low, low + step if low + step < last else None) for low in lows)

    def _ends(self, entity: Entity, domain: Domain) -> tuple[int, int] | None:
        """The lowest and the highest id that the domain finds; None when it finds none."""
        first, last = (self._call(self.pool, entity, "search", domain=domain, order=order, limit=1) for order in ("id", "id desc"))
        return (first[0], last[0]) if first and last else None

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
            return session.page(entity.model, {
                "domain": domain, "fields": entity.fields, "limit": limit, "context": self._context(session, entity)})

        page = self.pool.run(fetch, on_retry=lambda: size.failed(limit))
        size.worked()
        return page, limit


def _domain(entity: Entity, since: datetime | None = None) -> Domain:
    """The entity's domain, with `since` in Odoo's naive UTC."""
    domain: Domain = list(entity.domain)
    if since is not None and entity.change is not None:
        domain.append((entity.column(entity.change).source, ">=", since.astimezone(UTC).strftime(MOMENT)))
    return domain
