"""Compares a raw table with its source range by range of keys, and reads again only the ranges that differ.

An increment sees what moved the source's change moment. This sees everything else: SQL run in the source's own database, rows that
a clock set back dated before the last run, a raw table touched by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import psycopg
from psycopg import sql

from sources.contract import Batch, Encoded, Entity, RangePrint, Transport
from sources.loader import Loader
from sources.prints import SESSION, range_prints, read_prints
from sources.state import Ranges
from sources.tables import qualified

WIDTH = 5_000  # keys in a range: few pages to read again, few questions to ask
PARTS = 7  # without checksums every range is read whole once in so many days


@dataclass(frozen=True)
class Verified:
    """What a verification did. `differing` ranges were read again because they differ, `rolled` because it was their turn; `mended` rows
    were not as in the source, `silent` of them changed there without their change moment."""

    ranges: int
    differing: int
    rolled: int
    mended: int
    silent: int

    def details(self) -> dict[str, int]:
        """For `ops.run.details`."""
        return asdict(self)

    def warnings(self, entity: Entity) -> list[str]:
        """What a person should know, in Spanish."""
        if not self.silent:
            return []
        return [
            f"{entity.name}: {self.silent:,} filas cambiaron en Odoo sin que se moviera su fecha de modificación (por ejemplo, por SQL directo "
            + "en su base); la verificación las encontró y el almacén ya las tiene."]


def raw_prints(conn: psycopg.Connection, entity: Entity, width: int, keys_only: bool = False) -> dict[int, RangePrint]:
    """What the raw table holds alive, by range of keys."""
    conn.execute(SESSION)
    columns = [] if keys_only else [(column, sql.Identifier(column.name)) for column in entity.read]
    listed = range_prints(columns, sql.Identifier(entity.key), width)
    return read_prints(conn.execute(sql.SQL("select {} from {} where _deleted_at is null group by 1").format(listed, qualified(entity))))


def differing(theirs: dict[int, RangePrint], ours: dict[int, RangePrint]) -> list[int]:
    """The ranges that are not the same on both sides, as far as both can say."""
    return sorted(number for number in theirs.keys() | ours.keys() if not _same(theirs.get(number), ours.get(number)))


def _same(theirs: RangePrint | None, ours: RangePrint | None) -> bool:
    if theirs is None or ours is None:
        return False
    pairs = [(theirs.rows, ours.rows), (theirs.key_sum, ours.key_sum), (theirs.checksum, ours.checksum), *zip(theirs.sums, ours.sums, strict=True)]
    return all(a == b for a, b in pairs if a is not None and b is not None)


def due(sevenths: dict[int, date], today: date) -> set[int]:
    """The parts of the ranges whose turn it is: today's, and those whose turn was missed."""
    return {part for part in range(PARTS)
            if part == today.toordinal() % PARTS or sevenths.get(part, today) < today - timedelta(days=PARTS)}


def verify(entity: Entity, transport: Transport, loader: Loader, convert: Callable[[Batch | Encoded], Encoded], today: date,
           accept_deletions: bool = False, whole: bool = False) -> tuple[Verified, dict[int, date]]:
    """Make the raw table what the source is, within the caller's transaction. Returns what was done, and when each seventh was compared.

    today: the business date, which decides whose turn it is where the source computes no checksums. whole: then all ranges are read.
    Raises SourceError.
    """
    loader.compare()
    before = _counted(loader)
    theirs = transport.prints(entity, WIDTH)
    found = differing(theirs, raw_prints(loader.conn, entity, WIDTH))
    sevenths = dict(loader.state.sevenths)
    rolled: set[int] = set()
    if any(p.checksum is None for p in theirs.values()):
        turn = set(range(PARTS)) if whole else due(sevenths, today)
        sevenths |= dict.fromkeys(turn, today)
        rolled = {number for number in theirs if number % PARTS in turn} - set(found)
    again = sorted({*found, *rolled})
    for number in again:
        for batch in transport.span(entity, number * WIDTH, (number + 1) * WIDTH):
            loader.add(convert(batch))
    if again:
        loader.tombstone(accept_deletions, Ranges(WIDTH, again))
    loader.recount()  # whatever was done to the raw table behind our back
    mended = _counted(loader) - before
    return Verified(len(theirs), len(found), len(rolled), mended, loader.silent), sevenths


def _counted(loader: Loader) -> int:
    return loader.run.rows_inserted + loader.run.rows_updated + loader.run.rows_deleted
