"""How fresh the published data are, for the face of every report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from psycopg import Connection
from psycopg.rows import class_row

from reports.errors import NothingPublished


@dataclass(frozen=True)
class DataStatus:
    """One reading of `ops.data_status`: the published build (None: no build published) and the business date of its data."""

    build_id: int | None
    as_of: date | None
    is_stale: bool
    message_es: str

    @property
    def stamp(self) -> datetime:
        """The moment written into document properties: it depends on the data only, so that files are reproducible."""
        day = self.as_of or date(2000, 1, 1)
        return datetime(day.year, day.month, day.day)

    @property
    def needs_warning(self) -> bool:
        """Whether a reader must be told in a loud voice: stale data, or data that no build published."""
        return self.is_stale or self.build_id is None


def read(conn: Connection) -> DataStatus:
    """The present data status. Raises NothingPublished when the published schema has no marts at all."""
    with conn.cursor(row_factory=class_row(DataStatus)) as cursor:
        status = cursor.execute(
            """select published_build_id as build_id, published_as_of as as_of, is_stale, message_es
               from ops.data_status"""
        ).fetchone()
    if conn.execute("select to_regclass('marts.mart_commercial__month')").fetchone()[0] is None:
        raise NothingPublished(f"{status.message_es} Ejecute «caudal build» y vuelva a generar el reporte.")
    return status
